"""Typed calls of the domain API, sync and async: through the edge with a token, or at the gateway itself.

    with Shop("http://127.0.0.1:8080") as shop:
        for item in shop.recommend("42", k=5).items: ...

Every call is tried again on 429, 503 and lost connections, after growing pauses; an event that is repeated counts once.
"""

from __future__ import annotations

import asyncio
import time
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

import httpx
from pydantic import BaseModel

from serving import shop_call
from serving.gateway.answer import EventAnswer, EventKind, PredictAnswer, RecommendAnswer, SearchAnswer
from serving.shop_call import ATTEMPTS, Call

__all__ = ["AsyncShop", "Shop"]

Answer = TypeVar("Answer", bound=BaseModel)


class Shop:
    """A connection to the API at `url`; `ca` is the file of the authority that its certificate is checked against.

    ShopError from every call: what was refused, in the API's own words, or that nothing can be reached.
    """

    def __init__(self, url: str, *, token: str | None = None, ca: Path | None = None) -> None:
        self._client = httpx.Client(**shop_call.options(url, token, ca))

    def recommend(
        self, user_id: str, k: int = 10, *, exclude_seen: bool = False, explain: bool = False
    ) -> RecommendAnswer:
        """The `k` items most likely in the user's next basket."""
        return self._ask(shop_call.recommend(user_id, k, exclude_seen=exclude_seen, explain=explain))

    def predict(self, user_id: str, item_id: str, *, explain: bool = False) -> PredictAnswer:
        """The chance that the item is in the user's next basket."""
        return self._ask(shop_call.predict(user_id, item_id, explain=explain))

    def search(self, q: str, user_id: str | None = None, k: int = 20) -> SearchAnswer:
        """Items for the words `q`, the user's likeliest first."""
        return self._ask(shop_call.search(q, user_id, k))

    def happened(
        self,
        user_id: str,
        item_id: str,
        event: EventKind,
        *,
        value: float | None = None,
        timestamp: datetime | None = None,
    ) -> EventAnswer:
        """Tell what the user did; a rating has its stars as `value`."""
        return self._ask(shop_call.happened(user_id, item_id, event, value, timestamp))

    def close(self) -> None:
        """Give the connection back."""
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _ask(self, call: Call[Answer]) -> Answer:
        answer = self._once(call)
        for attempt in range(1, ATTEMPTS):
            if not shop_call.worth_another_try(answer):
                break
            time.sleep(shop_call.pause(attempt, answer))
            answer = self._once(call)
        return shop_call.read(call, answer)

    def _once(self, call: Call[Answer]) -> httpx.Response | httpx.TransportError:
        try:
            return self._client.request(**call.request)
        except httpx.TransportError as error:
            return error


class AsyncShop:
    """`Shop` for an event loop."""

    def __init__(self, url: str, *, token: str | None = None, ca: Path | None = None) -> None:
        self._client = httpx.AsyncClient(**shop_call.options(url, token, ca))

    async def recommend(
        self, user_id: str, k: int = 10, *, exclude_seen: bool = False, explain: bool = False
    ) -> RecommendAnswer:
        """See `Shop`."""
        return await self._ask(shop_call.recommend(user_id, k, exclude_seen=exclude_seen, explain=explain))

    async def predict(self, user_id: str, item_id: str, *, explain: bool = False) -> PredictAnswer:
        """See `Shop`."""
        return await self._ask(shop_call.predict(user_id, item_id, explain=explain))

    async def search(self, q: str, user_id: str | None = None, k: int = 20) -> SearchAnswer:
        """See `Shop`."""
        return await self._ask(shop_call.search(q, user_id, k))

    async def happened(
        self,
        user_id: str,
        item_id: str,
        event: EventKind,
        *,
        value: float | None = None,
        timestamp: datetime | None = None,
    ) -> EventAnswer:
        """See `Shop`."""
        return await self._ask(shop_call.happened(user_id, item_id, event, value, timestamp))

    async def close(self) -> None:
        """Give the connection back."""
        await self._client.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _ask(self, call: Call[Answer]) -> Answer:
        answer = await self._once(call)
        for attempt in range(1, ATTEMPTS):
            if not shop_call.worth_another_try(answer):
                break
            await asyncio.sleep(shop_call.pause(attempt, answer))
            answer = await self._once(call)
        return shop_call.read(call, answer)

    async def _once(self, call: Call[Answer]) -> httpx.Response | httpx.TransportError:
        try:
            return await self._client.request(**call.request)
        except httpx.TransportError as error:
            return error
