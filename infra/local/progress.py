"""Shows what a dynamic provider is at while Pulumi waits for it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import grpc  # type: ignore[import-untyped]
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc

__all__ = ["progress"]


@contextmanager
def progress() -> Iterator[Callable[[str], None]]:
    """Yield a function that shows a line in Pulumi's live status, where the next line replaces it.

    The engine starts a provider with its own address as the only argument; without one (a test, a shell)
    lines go to stderr.
    """
    if len(sys.argv) < 2:
        yield lambda line: print(line, file=sys.stderr)
        return
    with grpc.insecure_channel(sys.argv[1]) as channel:
        engine = engine_pb2_grpc.EngineStub(channel)
        yield lambda line: engine.Log(
            engine_pb2.LogRequest(severity=engine_pb2.INFO, message=line, ephemeral=True)
        )
