"""The application around either model: a validated request in JSON, the answer in JSON."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import FastAPI
from pydantic import BaseModel, Field

__all__ = ["Answer", "Question", "Recommend", "application"]

MAX_K = 1000


class Question(BaseModel):
    """What `recommend` takes in model/signature.py, for one user."""

    history_ids: Annotated[list[int], Field(min_length=1)]
    history_ages: Annotated[list[float], Field(min_length=1)]
    exclude_seen: bool = False
    k: Annotated[int, Field(ge=1, le=MAX_K)] = 10


class Answer(BaseModel):
    """Catalogue indices, best first, and their logits."""

    item_ids: list[int]
    scores: list[float]


Recommend = Callable[[Question], Answer]


def application(recommend: Recommend) -> FastAPI:
    """A FastAPI application with the one endpoint POST /recommend."""
    app = FastAPI()

    # The model runs in the event loop itself: a worker has one thread, and FastAPI's thread pool would only
    # add switches between threads that wait for the same core.
    @app.post("/recommend")
    async def answer(question: Question) -> Answer:
        return recommend(question)

    return app
