"""The domain API's calls, without the way to it: what is sent, what comes back, and when to try again."""

from __future__ import annotations

import random
import ssl
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Generic, TypeVar

import httpx
from pydantic import BaseModel

from serving.failure import ServerError
from serving.gateway.answer import (
    EventAnswer,
    EventBody,
    EventKind,
    PredictAnswer,
    RecommendAnswer,
    SearchAnswer,
)

__all__ = [
    "ATTEMPTS",
    "Call",
    "ShopError",
    "happened",
    "options",
    "pause",
    "predict",
    "read",
    "recommend",
    "search",
    "worth_another_try",
]

Answer = TypeVar("Answer", bound=BaseModel)

# Longer than the gateway's own deadline with reasons, shorter than anybody waits.
TIMEOUT_SECONDS = 5.0
ATTEMPTS = 4
FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 2.0
AGAIN = {httpx.codes.TOO_MANY_REQUESTS, httpx.codes.SERVICE_UNAVAILABLE}


class ShopError(ServerError):
    """The API refused a call or could not be reached; `status` is None in the second case."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class Call(Generic[Answer]):
    """One request, and the type of its answer."""

    path: str
    answer: type[Answer]
    query: Mapping[str, Any] = field(default_factory=dict)
    body: BaseModel | None = None

    @property
    def request(self) -> dict[str, Any]:
        """For httpx."""
        if self.body is None:
            return {"method": "GET", "url": self.path, "params": self.query}
        return {"method": "POST", "url": self.path, "json": self.body.model_dump(mode="json")}


def recommend(user_id: str, k: int, *, exclude_seen: bool, explain: bool) -> Call[RecommendAnswer]:
    """GET /recommend."""
    query = {"user_id": user_id, "k": k, "exclude_seen": exclude_seen, "explain": explain}
    return Call("/recommend", RecommendAnswer, query)


def predict(user_id: str, item_id: str, *, explain: bool) -> Call[PredictAnswer]:
    """GET /predict."""
    return Call("/predict", PredictAnswer, {"user_id": user_id, "item_id": item_id, "explain": explain})


def search(q: str, user_id: str | None, k: int) -> Call[SearchAnswer]:
    """GET /search."""
    return Call("/search", SearchAnswer, {"q": q, "k": k} | ({"user_id": user_id} if user_id else {}))


def happened(
    user_id: str, item_id: str, event: EventKind, value: float | None, timestamp: datetime | None
) -> Call[EventAnswer]:
    """POST /events, with an id of its own: repeated, it counts once."""
    body = EventBody(
        user_id=user_id,
        item_id=item_id,
        event=event,
        value=value,
        timestamp=timestamp,
        event_id=uuid.uuid4().hex,
    )
    return Call("/events", EventAnswer, body=body)


def options(url: str, token: str | None, ca: Path | None) -> dict[str, Any]:
    """What both clients of httpx are made with."""
    return {
        "base_url": url,
        "headers": {"Authorization": f"Bearer {token}"} if token else {},
        "verify": ssl.create_default_context(cafile=ca) if ca else True,
        "timeout": TIMEOUT_SECONDS,
        # A proxy from the environment would be asked for 127.0.0.1 too.
        "trust_env": False,
    }


def worth_another_try(answer: httpx.Response | httpx.TransportError) -> bool:
    """Whether the same request may do better a moment later."""
    return isinstance(answer, httpx.TransportError) or answer.status_code in AGAIN


def pause(attempt: int, answer: httpx.Response | httpx.TransportError) -> float:
    """Seconds before attempt number `attempt` (1 is the first repetition).

    Full jitter (https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/), but what the
    server asks for at least.
    """
    longest = min(FIRST_PAUSE_SECONDS * 2**attempt, LONGEST_PAUSE_SECONDS)
    chosen = random.uniform(0, longest)
    asked = answer.headers.get("Retry-After", "") if isinstance(answer, httpx.Response) else ""
    return max(chosen, min(float(asked), LONGEST_PAUSE_SECONDS)) if asked.isdecimal() else chosen


def read(call: Call[Answer], answer: httpx.Response | httpx.TransportError) -> Answer:
    """The typed answer; ShopError in one line if there is none."""
    if isinstance(answer, httpx.TransportError):
        raise ShopError(f"{call.path} cannot be reached: {answer or type(answer).__name__}")
    if answer.is_success:
        return call.answer.model_validate_json(answer.content)
    try:
        detail = answer.json()["detail"]
    except (ValueError, KeyError, TypeError):
        detail = answer.text[:200] or answer.reason_phrase
    raise ShopError(f"{call.path} was refused with {answer.status_code}: {detail}", answer.status_code)
