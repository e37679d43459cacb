"""The gateway as an ASGI application."""

from __future__ import annotations

import time
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.openapi.utils import get_openapi
from fastapi.responses import Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.gateway.problem import Problem, handle_problems
from serving.gateway.routes import router
from serving.gateway.service import Service

__all__ = ["create_app"]

DESCRIPTION = (
    "Answers about users and items, in front of Triton. A good request never fails: what the model cannot answer "
    "within the deadline comes from what sells in the user's categories, with `fallback: true`. Through the edge, "
    "each route wants a token with the scope of its name."
)


def create_app(service: Service) -> FastAPI:
    """The application around an opened service."""
    app = FastAPI(
        title="Rialto",
        version="1",
        description=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.service = service
    app.include_router(router)
    app.add_api_route("/healthz", _ready, include_in_schema=False)
    app.add_api_route("/healthz/live", _live, include_in_schema=False)
    app.add_api_route("/metrics", _metrics, include_in_schema=False)
    if service.config.local:
        # It signs tokens, which elsewhere nobody here may: the image has neither the page nor what signs.
        from serving.gateway.storefront import add_storefront

        add_storefront(app)
    handle_problems(app)
    app.add_middleware(_Counted, service=service)
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign]
    return app


async def _live() -> dict[str, bool]:
    return {"live": True}


async def _ready(request: Request) -> dict[str, Any]:
    """Ready is whoever can answer, if need be with what sells; what it lacks for better answers stands beside it."""
    service: Service = request.app.state.service
    return {"ready": True, "model": service.releases.current.digest, **service.health}


async def _metrics(request: Request) -> Response:
    return Response(
        generate_latest(request.app.state.service.metrics.registry), media_type=CONTENT_TYPE_LATEST
    )


def _openapi(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is None:
        schema = get_openapi(
            title=app.title, version=app.version, description=app.description, routes=app.routes
        )
        schema["components"]["schemas"]["Problem"] = Problem.model_json_schema()
        app.openapi_schema = schema
    return app.openapi_schema


class _Counted:
    """Notes when a request arrived, and counts what became of it."""

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self._app = app
        self._metrics = service.metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI's way in."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope["arrived"] = start = time.perf_counter()
        status = HTTPStatus.INTERNAL_SERVER_ERROR.value

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noted)
        finally:
            # What a caller made up is not a label.
            route = getattr(scope.get("route"), "path", "none")
            self._metrics.requests.labels(route, status).inc()
            self._metrics.seconds.labels(route).observe(time.perf_counter() - start)
