"""The domain API: what a shop's developer asks about users and items."""

from __future__ import annotations

import math
import time
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Request
from starlette.exceptions import HTTPException

from serving.catalogue import Catalogue
from serving.gateway.answer import (
    EventAnswer,
    EventBody,
    FoundItem,
    ItemAnswer,
    ItemId,
    PredictAnswer,
    RecommendAnswer,
    RecommendedItem,
    SearchAnswer,
    UserId,
)
from serving.gateway.decision import Decision, Question
from serving.gateway.event import Event
from serving.gateway.problem import problems
from serving.gateway.question import CANDIDATES, Predict, Recommend, Search
from serving.gateway.search.retriever import retrieve
from serving.gateway.service import Service
from serving.gateway.store import HistoryStoreError

__all__ = ["MAX_K", "Serving", "events", "predict", "recommend", "router", "search"]

# The longest list that a page of a shop shows.
MAX_K = 100
# Beyond, it is a text and not a query.
MAX_QUERY = 200
# Clocks of two machines under NTP differ by less.
CLOCK_SKEW = timedelta(seconds=30)
# The edge sets it from the token that it checked, and removes what a caller wrote there.
SUBJECT_HEADER = "x-rialto-subject"

WRONG = HTTPStatus.UNPROCESSABLE_ENTITY
UNKNOWN = HTTPStatus.NOT_FOUND
AWAY = HTTPStatus.SERVICE_UNAVAILABLE

router = APIRouter()


async def _service(request: Request) -> Service:
    service: Service = request.app.state.service
    return service


Serving = Annotated[Service, Depends(_service)]
Subject = Annotated[str, Header(alias=SUBJECT_HEADER, include_in_schema=False)]
User = Annotated[UserId, Query()]
Explain = Annotated[
    bool, Query(description="Also say which parts of the history weighed most; costs some more time")
]


@router.get("/recommend", responses=problems(WRONG), summary="What a user is likely to buy next")
async def recommend(
    request: Request,
    service: Serving,
    user_id: User,
    k: Annotated[int, Query(ge=1, le=MAX_K, description="How many items", examples=[10])] = 10,
    exclude_seen: Annotated[bool, Query(description="Leave out items of the user's history")] = False,
    explain: Explain = False,
    subject: Subject = "",
) -> RecommendAnswer:
    """The `k` best items, best first, with names and prices. A user whom nobody knows gets what sells most."""
    question = Recommend(k=min(k, len(service.releases.current.catalogue.items)), exclude_seen=exclude_seen)
    decision = await _decided(service, "recommend", user_id, question, subject, explain=explain)
    return RecommendAnswer(**_about(request, user_id, decision), items=_listed(decision))


@router.get("/predict", responses=problems(WRONG, UNKNOWN), summary="How likely a user buys an item next")
async def predict(
    request: Request,
    service: Serving,
    user_id: User,
    item_id: Annotated[ItemId, Query()],
    explain: Explain = False,
    subject: Subject = "",
) -> PredictAnswer:
    """The chance that the item is in the user's next basket."""
    item = _known(service.releases.current.catalogue, item_id)
    decision = await _decided(service, "predict", user_id, Predict(item=item), subject, explain=explain)
    outcome = decision.outcome
    return PredictAnswer(
        **_about(request, user_id, decision),
        item=ItemAnswer(**_described(decision.release.catalogue, item)),
        probability=outcome.scores[0] if outcome.scores else None,
        reasons=outcome.reasons[0] if outcome.reasons else None,
    )


@router.get("/search", responses=problems(WRONG), summary="Find items by words, the user's likeliest first")
async def search(
    request: Request,
    service: Serving,
    q: Annotated[
        str, Query(min_length=1, max_length=MAX_QUERY, description="Words", examples=["frozen piza"])
    ],
    user_id: Annotated[UserId | None, Query()] = None,
    k: Annotated[int, Query(ge=1, le=MAX_K, description="How many items", examples=[20])] = 20,
    subject: Subject = "",
) -> SearchAnswer:
    """Typing errors are corrected where a word is unknown; the last word may be cut short."""
    release = service.releases.current
    found = await retrieve(service.retrievers(release), q, CANDIDATES)
    decision = await _decided(service, "search", user_id, Search(q=q, k=k, candidates=found), subject)
    outcome, catalogue = decision.outcome, decision.release.catalogue
    scores: Sequence[float | None] = outcome.scores or [None] * len(outcome.items)
    return SearchAnswer(
        **_about(request, user_id, decision),
        query=q,
        corrected_query=found.corrected,
        matched=found.matched,
        items=[
            FoundItem(**_described(catalogue, index), probability=score)
            for index, score in zip(outcome.items, scores, strict=True)
        ],
        related=[ItemAnswer(**_described(catalogue, index)) for index in outcome.related],
    )


@router.post("/events", responses=problems(WRONG, UNKNOWN, AWAY), summary="Tell what a user did")
async def events(service: Serving, body: EventBody) -> EventAnswer:
    """A view, click, cart, purchase or rating; the user's next answer takes it into account.

    Answered once it is kept for good. A rating below 3 keeps the item from the user until they buy or rate it anew.
    """
    _known(service.releases.current.catalogue, body.item_id)
    now = datetime.now(UTC)
    if body.timestamp and body.timestamp > now + CLOCK_SKEW:
        raise HTTPException(
            WRONG, f"timestamp is {body.timestamp.isoformat()}, in the future; leave it out for now"
        )
    event = Event(body.item_id, body.event, (body.timestamp or now).timestamp(), body.value)
    user = service.pseudonyms.of(body.user_id)
    try:
        version = await service.histories.append(user, event, body.event_id or uuid.uuid4().hex)
    except HistoryStoreError as error:
        raise HTTPException(
            AWAY, "the event was not recorded, the histories cannot be written; send it again"
        ) from error
    service.metrics.event.set_to_current_time()
    return EventAnswer(
        user_id=body.user_id, item_id=body.item_id, recorded=version is not None, history_version=version
    )


async def _decided(
    service: Service,
    route: str,
    user_id: str | None,
    question: Question,
    subject: str,
    *,
    explain: bool = False,
) -> Decision:
    # No user has the empty pseudonym, so nothing is known of nobody.
    user = service.pseudonyms.of(user_id) if user_id else ""
    decision = await service.decider.decide(user, question, explain=explain)
    if decision.reason:
        service.metrics.fallbacks.labels(route, decision.reason).inc()
    else:
        service.metrics.cache.labels("hit" if decision.cached else "miss").inc()
    if not decision.outcome.items:
        service.metrics.empty.labels(route).inc()
    catalogue = decision.release.catalogue
    service.audit.write(
        {
            "event": route,
            "subject": subject,
            "user": user,
            "model": decision.release.digest,
            "inputs": decision.inputs,
            "answer": [catalogue.item(index).item_id for index in decision.outcome.items],
            "fallback": decision.reason,
        }
    )
    return decision


def _about(request: Request, user_id: str | None, decision: Decision) -> dict[str, Any]:
    return {
        "user_id": user_id,
        "model": decision.release.digest,
        "fallback": decision.reason is not None,
        "fallback_reason": decision.reason,
        "history_events": min(decision.history_events, decision.release.max_history),
        "cached": decision.cached,
        "latency_ms": round(1000 * (time.perf_counter() - request.scope["arrived"]), 2),
    }


def _listed(decision: Decision) -> list[RecommendedItem]:
    outcome, catalogue = decision.outcome, decision.release.catalogue
    nothing: Sequence[None] = [None] * len(outcome.items)
    return [
        RecommendedItem(**_described(catalogue, index), score=score, reasons=reasons)
        for index, score, reasons in zip(
            outcome.items, outcome.scores or nothing, outcome.reasons or nothing, strict=True
        )
    ]


def _described(catalogue: Catalogue, index: int) -> dict[str, Any]:
    item = catalogue.item(index)
    return {
        "item_id": item.item_id,
        "title": item.title,
        "category": item.category,
        "brand": item.brand,
        "price": None if math.isnan(item.price) else item.price,
    }


def _known(catalogue: Catalogue, item_id: str) -> int:
    try:
        return catalogue.index_of(item_id)
    except ValueError as error:
        raise HTTPException(UNKNOWN, str(error)) from None
