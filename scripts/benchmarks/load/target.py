"""Where requests go: four ways to get an answer, each as one awaitable call on requests encoded before.

Callers do the least that each protocol allows, so that the servers are what is measured: nothing is encoded
while the clock runs, and answers are checked for success and not decoded.
"""

from __future__ import annotations

import itertools
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from model.signature import RECOMMEND
from scripts.benchmarks.load.connection import Connection, Pool, get_bytes, request_bytes
from scripts.benchmarks.load.payload import K, Payload
from scripts.benchmarks.peer.graph import one_thread_session

__all__ = ["BareTarget", "Call", "HttpTarget", "ShopTarget", "Target", "TritonTarget"]

# Asks with the payload of that number; what comes back is as the protocol has it.
Call = Callable[[int], Awaitable[Any]]

INFER = f"/v2/models/{RECOMMEND.name}/infer"
OUTPUTS = [tensor.name for tensor in RECOMMEND.outputs]


class Target(Protocol):
    """Anything that recommends."""

    def open(self, payloads: Sequence[Payload], connections: int) -> Any:  # noqa: ANN401
        """An async context manager that yields a `Call`; at most `connections` calls may be under way."""

    def item_ids(self, answer: Any) -> list[int]:  # noqa: ANN401
        """What a call recommended."""


@dataclass(frozen=True)
class TritonTarget:
    """A Triton, over HTTP with raw tensors.

    All servers are asked by the same lean caller: gRPC's for Python takes three times its core time, on the
    cores that the servers need too, and measures itself (950 requests a second instead of 740, two cores).
    """

    port: int
    max_history: int

    def open(self, payloads: Sequence[Payload], connections: int) -> AbstractAsyncContextManager[Call]:
        """See `Target`."""
        return _opened((self.port,), [self._request(payload) for payload in payloads], connections)

    def item_ids(self, answer: bytes) -> list[int]:
        """See `Target`."""
        outputs = {output["name"]: output["data"] for output in json.loads(answer)["outputs"]}
        ids: list[int] = outputs["item_ids"]
        return ids

    def _request(self, payload: Payload) -> bytes:
        body, length = payload.triton(self.max_history)
        return request_bytes(INFER, {"Inference-Header-Content-Length": str(length)}, body)


@dataclass(frozen=True)
class HttpTarget:
    """Workers of one application, each on a port of its own."""

    ports: tuple[int, ...]

    def open(self, payloads: Sequence[Payload], connections: int) -> AbstractAsyncContextManager[Call]:
        """See `Target`."""
        json_type = {"Content-Type": "application/json"}
        encoded = [request_bytes("/recommend", json_type, payload.json()) for payload in payloads]
        return _opened(self.ports, encoded, connections)

    def item_ids(self, answer: bytes) -> list[int]:
        """See `Target`."""
        ids: list[int] = json.loads(answer)["item_ids"]
        return ids


# Lists about as long as all others ask for. With every user and either answer to `exclude_seen` that makes more
# questions than a minute has answers, and the gateway forgets an answer after a minute: none comes from its cache.
LENGTHS = range(K - 4, K + 5)
# Of this process, whatever it asks and how often.
_turns = itertools.count()


@dataclass(frozen=True)
class ShopTarget:
    """The domain API behind edges of one authority, asked about users with a token."""

    ports: tuple[int, ...]
    authority: Path
    token: str

    def open(self, payloads: Sequence[Payload], connections: int) -> AbstractAsyncContextManager[Call]:
        """See `Target`."""
        headers = {"Authorization": f"Bearer {self.token}"}
        questions = [
            get_bytes(f"/recommend?user_id={payload.user}&k={k}&exclude_seen={seen}", headers)
            for k in LENGTHS
            for seen in ("false", "true")
            for payload in payloads
        ]
        tls = ssl.create_default_context(cafile=self.authority)
        return self._next_turns(_opened(self.ports, questions, connections, tls))

    def item_ids(self, answer: bytes) -> list[int]:
        """See `Target`; a shop's item ids are not the model's, so this is how many there are."""
        return [len(json.loads(answer)["items"])]

    @asynccontextmanager
    async def _next_turns(self, opened: AbstractAsyncContextManager[Call]) -> AsyncIterator[Call]:
        async with opened as ask:
            yield lambda _: ask(next(_turns))


@dataclass(frozen=True)
class BareTarget:
    """No server: the graph itself, on one thread, in the caller's loop."""

    graph: Path

    @asynccontextmanager
    async def open(self, payloads: Sequence[Payload], connections: int) -> AsyncIterator[Call]:
        """See `Target`."""
        session = one_thread_session(self.graph)
        feeds = [payload.feed() for payload in payloads]

        async def call(number: int) -> list[Any]:
            return session.run(OUTPUTS, feeds[number % len(feeds)])

        yield call

    def item_ids(self, answer: list[Any]) -> list[int]:
        """See `Target`."""
        return answer[OUTPUTS.index("item_ids")][0].tolist()


@asynccontextmanager
async def _opened(
    ports: Sequence[int], encoded: Sequence[bytes], connections: int, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Call]:
    """Connections shared out among `ports`, and a call that sends one of the `encoded` requests on one of them."""
    async with AsyncExitStack() as stack:
        workers: list[list[Connection]] = [[] for _ in ports]
        for place in range(connections):
            worker = place % len(ports)
            workers[worker].append(await stack.enter_async_context(Connection.to(ports[worker], tls)))
        pool = Pool(workers)

        async def call(number: int) -> bytes:
            return await pool.ask(encoded[number % len(encoded)])

        yield call
