"""The page of the local environment: a shopper's history, suggestions and search, over the same API as everybody's."""

from __future__ import annotations

import math
import time
from datetime import timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, FastAPI, Query, Response
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.middleware.trustedhost import TrustedHostMiddleware

from serving.catalogue import SECONDS_PER_DAY
from serving.edge.cluster import GATEWAY
from serving.edge.scope import ROUTE_SCOPES
from serving.edge.signing import KeyRing
from serving.gateway.answer import EventKind, UserId
from serving.gateway.problem import problems
from serving.gateway.routes import Serving
from serving.gateway.store import HistoryStoreError

__all__ = ["Shopper", "ShownEvent", "add_storefront", "history", "session", "shoppers"]

PAGE = Path(__file__).parent / "page"
EVENTS = 40
# The last one is what the edge calls it when it looks whether it is well.
LOCAL_HOSTS = ["127.0.0.1", "localhost", GATEWAY]
SESSION = timedelta(minutes=10)
# Only what this page is made of; no inline script or style, nobody else's frame, no form that leaves.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
SAFE_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-cache",
}

router = APIRouter(prefix="/storefront", include_in_schema=False)


class Shopper(BaseModel):
    """Somebody to look over the shoulder of."""

    user_id: str
    events: int = Field(description="Recorded events")


class ShownEvent(BaseModel):
    """One line of a history."""

    item_id: str
    title: str
    category: str
    price: float | None
    event: EventKind
    value: float | None
    days_ago: float


@router.get("/session")
async def session(service: Serving, response: Response) -> dict[str, str | None]:
    """A token that the edge of this machine believes for a while; null where there is none."""
    response.headers["Cache-Control"] = "no-store"
    if service.config.session_keys is None:
        return {"token": None}
    try:
        return {"token": KeyRing(service.config.session_keys).token("storefront", ROUTE_SCOPES, SESSION)}
    except ValueError:
        # No edge believes these keys: the page is asking the gateway itself.
        return {"token": None}


@router.get("/shoppers")
async def shoppers(service: Serving) -> list[Shopper]:
    """The households that bought last, by the recording."""
    return [Shopper(user_id=user, events=events) for user, events in service.shoppers]


@router.get("/history", responses=problems(HTTPStatus.SERVICE_UNAVAILABLE))
async def history(service: Serving, user_id: Annotated[UserId, Query()]) -> list[ShownEvent]:
    """A shopper's newest events, newest first."""
    try:
        stored = await service.histories.read(service.pseudonyms.of(user_id), EVENTS)
    except HistoryStoreError as error:
        raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE, "the histories cannot be read now") from error
    catalogue, now = service.releases.current.catalogue, time.time()
    shown = []
    for event in sorted(stored.events, key=lambda event: -event.at):
        if (index := catalogue.indices.get(event.item_id)) is None:
            continue
        item = catalogue.item(index)
        shown.append(
            ShownEvent(
                item_id=item.item_id,
                title=item.title,
                category=item.category,
                price=None if math.isnan(item.price) else item.price,
                event=event.kind,
                value=event.value,
                days_ago=max(0.0, now - event.at) / SECONDS_PER_DAY,
            )
        )
    return shown


def add_storefront(app: FastAPI) -> None:
    """Show the page at / and give it what it needs."""
    app.include_router(router)
    app.add_api_route("/", _page, include_in_schema=False)
    app.mount("/static", _Static(directory=PAGE))
    # Another site's name that leads to this machine (DNS rebinding) gets no token.
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=LOCAL_HOSTS)


async def _page() -> FileResponse:
    return FileResponse(PAGE / "index.html", headers=SAFE_HEADERS)


class _Static(StaticFiles):
    """Files with the page's own headers."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:  # noqa: ANN401 - Starlette's own signature
        response = super().file_response(*args, **kwargs)
        response.headers.update(SAFE_HEADERS)
        return response
