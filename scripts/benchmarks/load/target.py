"""Where requests go: three ways to get an answer, each as one awaitable call on requests encoded before.

Callers do the least that each protocol allows, so that the servers are what is measured: nothing is encoded
while the clock runs, and answers are checked for success and not decoded.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import grpc  # type: ignore[import-untyped]
import numpy as np
from tritonclient.grpc import service_pb2

from model.signature import RECOMMEND
from scripts.benchmarks.load.connection import Connection, Pool, request_bytes
from scripts.benchmarks.load.payload import Payload
from scripts.benchmarks.peer.graph import one_thread_session
from serving.failure import ServerError
from serving.runtime.port import LOOPBACK

__all__ = ["BareTarget", "Call", "GrpcTarget", "HttpTarget", "Target"]

# Asks with the payload of that number; what comes back is as the protocol has it.
Call = Callable[[int], Awaitable[Any]]

INFER = "/inference.GRPCInferenceService/ModelInfer"
OUTPUTS = [tensor.name for tensor in RECOMMEND.outputs]


class Target(Protocol):
    """Anything that recommends."""

    def open(self, payloads: Sequence[Payload], connections: int) -> Any:  # noqa: ANN401
        """An async context manager that yields a `Call`; at most `connections` calls may be under way."""

    def item_ids(self, answer: Any) -> list[int]:  # noqa: ANN401
        """What a call recommended."""


@dataclass(frozen=True)
class GrpcTarget:
    """A Triton: one channel, all calls on it."""

    port: int
    max_history: int

    @asynccontextmanager
    async def open(self, payloads: Sequence[Payload], connections: int) -> AsyncIterator[Call]:
        """See `Target`."""
        encoded = [payload.grpc(self.max_history) for payload in payloads]
        # Without serializers, gRPC hands bytes through.
        options = [("grpc.enable_http_proxy", 0)]
        async with grpc.aio.insecure_channel(f"{LOOPBACK}:{self.port}", options=options) as channel:
            infer = channel.unary_unary(INFER)

            async def call(number: int) -> bytes:
                try:
                    return await infer(encoded[number % len(encoded)])
                except grpc.aio.AioRpcError as error:
                    raise ServerError(f"Triton: {error.details()}") from None

            yield call

    def item_ids(self, answer: bytes) -> list[int]:
        """See `Target`."""
        response = service_pb2.ModelInferResponse.FromString(answer)
        names = [output.name for output in response.outputs]
        return np.frombuffer(response.raw_output_contents[names.index("item_ids")], np.int64).tolist()


@dataclass(frozen=True)
class HttpTarget:
    """Workers of one application, each on a port of its own."""

    ports: tuple[int, ...]

    @asynccontextmanager
    async def open(self, payloads: Sequence[Payload], connections: int) -> AsyncIterator[Call]:
        """See `Target`."""
        encoded = [request_bytes(payload.json()) for payload in payloads]
        async with AsyncExitStack() as stack:
            workers: list[list[Connection]] = [[] for _ in self.ports]
            for place in range(connections):
                worker = place % len(self.ports)
                opened = await stack.enter_async_context(Connection.to(self.ports[worker]))
                workers[worker].append(opened)
            pool = Pool(workers)

            async def call(number: int) -> bytes:
                return await pool.ask(encoded[number % len(encoded)])

            yield call

    def item_ids(self, answer: bytes) -> list[int]:
        """See `Target`."""
        ids: list[int] = json.loads(answer)["item_ids"]
        return ids


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
