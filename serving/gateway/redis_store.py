"""Histories in Valkey or Redis, for many gateways."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, cast

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from serving.gateway.event import Event, StoredHistory
from serving.gateway.store import MAX_EVENTS, HistoryStoreError

__all__ = ["RedisHistories"]

# A request's whole deadline is of this order; whoever waits longer gets the fallback.
SOCKET_SECONDS = 0.5
# Long enough for any client that repeats what it could not see arrive.
EVENT_ID_SECONDS = 86_400
USERS_IN_ONE_TRIP = 100

# One step, so that no other gateway sees an event without its version. KEYS: events, version, event id; all three of
# one user, whose name in braces keeps them in one slot of a cluster.
# ARGV: event, newest to keep, seconds to remember the event id.
APPEND = """
if not redis.call('SET', KEYS[3], '1', 'NX', 'EX', ARGV[3]) then return false end
redis.call('RPUSH', KEYS[1], ARGV[1])
redis.call('LTRIM', KEYS[1], -tonumber(ARGV[2]), -1)
return redis.call('INCR', KEYS[2])
"""
# KEYS: events, version. ARGV: the events, oldest first. Somebody who is known already stays as they are.
SEED = """
if redis.call('EXISTS', KEYS[2]) == 1 then return 0 end
for each = 1, #ARGV do redis.call('RPUSH', KEYS[1], ARGV[each]) end
redis.call('SET', KEYS[2], #ARGV)
return 1
"""


class RedisHistories:
    """See `HistoryStore`; `url` is redis://, rediss:// (TLS) or unix://."""

    def __init__(self, url: str) -> None:
        # Everything has to be repeated within the request's deadline or not at all, which the caller decides.
        self._redis: Any = Redis.from_url(
            url,
            socket_timeout=SOCKET_SECONDS,
            socket_connect_timeout=SOCKET_SECONDS,
            retry=Retry(NoBackoff(), 0),
            decode_responses=True,
        )
        self._append = self._redis.register_script(APPEND)
        self._seed = self._redis.register_script(SEED)

    async def read(self, user: str, newest: int) -> StoredHistory:
        """See `HistoryStore`."""
        events, version, _ = _keys(user)
        with _failures():
            async with self._redis.pipeline(transaction=True) as both:
                both.lrange(events, -newest, -1)
                both.get(version)
                rows, number = await both.execute()
        return StoredHistory([Event(*json.loads(row)) for row in rows], int(number or 0))

    async def append(self, user: str, event: Event, event_id: str) -> int | None:
        """See `HistoryStore`."""
        events, version, seen = _keys(user, event_id)
        with _failures():
            number = await self._append(
                keys=[events, version, seen], args=[_row(event), MAX_EVENTS, EVENT_ID_SECONDS]
            )
        return None if number is None else int(number)

    async def seed(self, name: str, histories: Mapping[str, Sequence[Event]]) -> int:
        """See `HistoryStore`. Killed half-way, it goes on the next time: the name is noted last."""
        with _failures():
            if await self._redis.sismember("seeds", name):
                return 0
            users = list(histories)
            added = 0
            for start in range(0, len(users), USERS_IN_ONE_TRIP):
                async with self._redis.pipeline(transaction=False) as trip:
                    for user in users[start : start + USERS_IN_ONE_TRIP]:
                        events, version, _ = _keys(user)
                        rows = [_row(event) for event in histories[user][-MAX_EVENTS:]]
                        await cast(
                            "Awaitable[Any]", self._seed(keys=[events, version], args=rows, client=trip)
                        )
                    added += sum(await trip.execute())
            await self._redis.sadd("seeds", name)
        return added

    async def check(self) -> None:
        """See `HistoryStore`."""
        with _failures():
            await self._redis.ping()

    async def close(self) -> None:
        """See `HistoryStore`."""
        await self._redis.aclose()


def _keys(user: str, event_id: str = "") -> tuple[str, str, str]:
    return f"events:{{{user}}}", f"version:{{{user}}}", f"seen:{{{user}}}:{event_id}"


def _row(event: Event) -> str:
    return json.dumps([event.item_id, event.kind, event.at, event.value], separators=(",", ":"))


@contextmanager
def _failures() -> Iterator[None]:
    try:
        yield
    except (RedisError, OSError) as error:
        raise HistoryStoreError(f"the histories cannot be used: {error}".replace("\n", " ")) from error
