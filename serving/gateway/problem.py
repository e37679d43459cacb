"""What a caller sees of an error: one line as RFC 9457's problem details, never a stack trace."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

__all__ = ["PROBLEM_JSON", "Problem", "handle_problems", "problems"]

PROBLEM_JSON = "application/problem+json"
RETRY_AFTER_SECONDS = 1
log = logging.getLogger(__name__)


class Problem(BaseModel):
    """https://www.rfc-editor.org/rfc/rfc9457; `type` is about:blank, so `title` is the status in words."""

    type: str = Field(default="about:blank", examples=["about:blank"])
    title: str = Field(examples=["Unprocessable Content"])
    status: int = Field(examples=[422])
    detail: str = Field(
        description="What is wrong, with the value and the remedy, in one line",
        examples=["query k is 0; Input should be greater than or equal to 1"],
    )


def problems(*statuses: HTTPStatus) -> dict[int | str, dict[str, Any]]:
    """For a route's `responses`: these statuses come as problems."""
    schema = {"schema": {"$ref": "#/components/schemas/Problem"}}
    return {
        int(status): {"description": status.phrase, "content": {PROBLEM_JSON: schema}} for status in statuses
    }


def handle_problems(app: FastAPI) -> None:
    """Let every error of `app` be a problem."""
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(Exception, _unexpected)


async def _invalid(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    detail = "; ".join(_line(each) for each in error.errors())
    return _answer(HTTPStatus.UNPROCESSABLE_ENTITY, detail)


def _line(error: dict[str, Any]) -> str:
    place = " ".join(str(part) for part in error["loc"])
    message = str(error["msg"]).removeprefix("Value error, ")
    if error["type"] in {"missing", "json_invalid", "value_error", "model_attributes_type"}:
        return f"{place}: {message}"
    return f"{place} is {str(error.get('input'))[:80]!r}: {message}"


async def _refused(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    return _answer(HTTPStatus(error.status_code), str(error.detail), dict(error.headers or {}))


async def _unexpected(_request: Request, error: Exception) -> JSONResponse:
    # The server's log has the trace; a caller can do nothing with it.
    log.error("a request failed", exc_info=error)
    return _answer(HTTPStatus.INTERNAL_SERVER_ERROR, "the gateway failed at this request; its log says why")


def _answer(status: HTTPStatus, detail: str, headers: dict[str, str] | None = None) -> JSONResponse:
    body = Problem(title=status.phrase, status=status, detail=" ".join(detail.split()))
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers = {**(headers or {}), "Retry-After": str(RETRY_AFTER_SECONDS)}
    return JSONResponse(body.model_dump(), status, headers, media_type=PROBLEM_JSON)
