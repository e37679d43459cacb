"""The process that all load comes from: its own interpreter, so that nothing else slows the callers down."""

from __future__ import annotations

import asyncio
import gc
import multiprocessing
import selectors
import signal
from collections.abc import Sequence
from contextlib import suppress
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any, Self

from scripts.benchmarks.load.job import Job
from scripts.benchmarks.load.payload import Payload
from scripts.benchmarks.load.target import Target
from serving.failure import ServerError

__all__ = ["LoadProcess"]

# No answer is worth waiting for longer, once a job should be done.
PATIENCE_SECONDS = 60.0
STOP_SECONDS = 5.0


class LoadProcess:
    """Runs one job after the other; a context manager, at whose end the process is gone."""

    def __init__(self, payloads: Sequence[Payload]) -> None:
        # A fresh interpreter: gRPC does not survive a fork.
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, payloads), name="load", daemon=True)
        self._process.start()
        theirs.close()

    def run(self, target: Target, job: Job) -> Any:  # noqa: ANN401 - what the job returns
        """Run a job and wait for what it found; ServerError if the target did not answer or failed."""
        try:
            self._pipe.send((target, job))
            found = self._pipe.recv()
        except (EOFError, OSError):
            raise ServerError("the process that makes the load ended") from None
        if isinstance(found, BaseException):
            raise found
        return found

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pipe.close()
        self._process.terminate()
        self._process.join(STOP_SECONDS)
        self._process.kill()
        self._process.join()


def _serve(pipe: Connection, payloads: Sequence[Payload]) -> None:
    # Ctrl-C reaches the whole group; the bench itself stops us, after it knows what was interrupted.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # The bench closes the pipe when it is done, and a bench that was killed does so too.
    with suppress(EOFError, ConnectionError):
        while True:
            target, job = pipe.recv()
            pipe.send(_found(target, job, payloads))


def _found(target: Target, job: Job, payloads: Sequence[Payload]) -> Any:  # noqa: ANN401 - what the job returns
    try:
        return _run(target, job, payloads)
    except (ServerError, OSError) as error:
        return error


def _run(target: Target, job: Job, payloads: Sequence[Payload]) -> Any:  # noqa: ANN401 - as above
    gc.collect()
    gc.freeze()
    # A collection in the middle would count as the server's latency.
    gc.disable()
    try:
        # epoll, asyncio's own choice, rounds every wait up to a whole millisecond.
        with asyncio.Runner(
            loop_factory=lambda: asyncio.SelectorEventLoop(selectors.SelectSelector())
        ) as runner:
            return runner.run(_measured(target, job, payloads))
    finally:
        gc.enable()


async def _measured(target: Target, job: Job, payloads: Sequence[Payload]) -> Any:  # noqa: ANN401 - as above
    try:
        async with asyncio.timeout(job.most_seconds + PATIENCE_SECONDS):
            async with target.open(payloads, job.connections) as call:
                return await job.run(call, target)
    except TimeoutError:
        raise ServerError(f"an answer did not come within {PATIENCE_SECONDS:.0f} s") from None
    except BaseExceptionGroup as group:
        raise group.exceptions[0] from None
