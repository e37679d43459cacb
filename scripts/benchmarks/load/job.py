"""The kinds of load: closed loops of so many callers, Poisson arrivals, a surge, and a few answers to look at.

A closed loop shows what a server can do; arrivals that do not wait for answers show what callers feel. There,
latency counts from when a request was due and not from when it was sent: otherwise a server that stalls
would also stall the clock (G. Tene, "How NOT to Measure Latency").
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from http import HTTPStatus
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from scripts.benchmarks.load.connection import RefusedError
from scripts.benchmarks.load.target import Call, Target
from scripts.benchmarks.load.window import Window
from serving.failure import ServerError

__all__ = ["Ask", "ClosedLoop", "Job", "Outcome", "Poisson", "Surge", "Tally", "arrivals"]

GIVE_UP = 3
# The first answer may come from a cold server.
SLOWEST_ANSWER_SECONDS = 5.0
NONE_LATE = np.empty(0)
COME_AGAIN = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
FALLBACK = b'"fallback":true'

clock = time.perf_counter


class Job(Protocol):
    """Something to do with a target."""

    @property
    def connections(self) -> int:
        """How many calls are under way at most."""

    @property
    def most_seconds(self) -> float:
        """How long it takes if every answer comes."""

    async def run(self, call: Call, target: Target) -> Any:  # noqa: ANN401 - each kind has its own
        """Do it; raises what `call` raises, alone or in a group."""


@dataclass(frozen=True, kw_only=True)
class ClosedLoop:
    """`connections` callers that ask again as soon as they are answered, for `seconds` after the warm-up."""

    connections: int
    seconds: float
    warmup_seconds: float

    @property
    def most_seconds(self) -> float:
        """See `Job`."""
        return self.warmup_seconds + self.seconds

    async def run(self, call: Call, target: Target) -> Window:
        """See `Job`."""
        latencies: list[float] = []
        # Of this process: when the first caller sees the warm-up end.
        core_seconds: list[float] = []
        begin = clock() + self.warmup_seconds
        end = begin + self.seconds

        async def caller(number: int) -> None:
            while (asked := clock()) < end:
                await call(number)
                answered = clock()
                if answered >= begin and not core_seconds:
                    core_seconds.append(time.process_time())
                if begin <= answered < end:
                    latencies.append(answered - asked)
                number += self.connections

        async with asyncio.TaskGroup() as tasks:
            for number in range(self.connections):
                tasks.create_task(caller(number))
        return Window(
            latencies_ms=1e3 * np.array(latencies),
            late_ms=NONE_LATE,
            seconds=self.seconds,
            caller_seconds=time.process_time() - core_seconds[0] if core_seconds else 0.0,
        )


@dataclass(frozen=True, kw_only=True)
class Poisson:
    """`requests` requests that come by chance, `rate` a second on average, the same ones for one `seed`.

    With all `connections` busy the next ones queue here, which counts as their latency. If a server
    falls so far behind that it would take `GIVE_UP` times as long, the rest is not sent.
    """

    rate: float
    requests: int
    seed: int
    connections: int

    @property
    def most_seconds(self) -> float:
        """See `Job`."""
        return GIVE_UP * self.requests / self.rate

    async def run(self, call: Call, target: Target) -> Window:
        """See `Job`."""
        latencies: list[float] = []
        late: list[float] = []
        free = asyncio.Semaphore(self.connections)
        due_N = arrivals(self.rate, self.requests, self.seed)
        start, before = clock(), time.process_time()
        give_up = start + GIVE_UP * due_N[-1]

        async def ask(number: int, due: float) -> None:
            late.append(clock() - due)
            try:
                await call(number)
            finally:
                free.release()
            latencies.append(clock() - due)

        async with asyncio.TaskGroup() as tasks:
            for number, due in enumerate(start + due_N):
                if (wait := due - clock()) > 0:
                    await asyncio.sleep(wait)
                if clock() > give_up:
                    break
                await free.acquire()
                tasks.create_task(ask(number, due))
        return Window(
            latencies_ms=1e3 * np.array(latencies),
            late_ms=1e3 * np.array(late),
            seconds=clock() - start,
            caller_seconds=time.process_time() - before,
        )


class Outcome(IntEnum):
    """What became of a request: the model's answer, what sells instead, told to come again, anything else."""

    MODEL = 0
    FALLBACK = 1
    AGAIN = 2
    FAILED = 3


@dataclass(frozen=True, kw_only=True)
class Surge:
    """Poisson arrivals at `rates`, each for `seconds`: what callers see before, in and after a peak.

    Nobody waits for others, so there are as many `connections` as may be under way; beyond them requests queue here.
    What is found is an array of rows: when a request was due and how long it took, in seconds, and its `Outcome`.
    """

    rates: Sequence[float]
    seconds: float
    connections: int

    @property
    def most_seconds(self) -> float:
        """See `Job`."""
        return GIVE_UP * self.seconds * len(self.rates)

    async def run(self, call: Call, target: Target) -> NDArray[np.float64]:
        """See `Job`."""
        rows: list[tuple[float, float, int]] = []
        free = asyncio.Semaphore(self.connections)
        start = clock()

        async def ask(number: int, due: float) -> None:
            try:
                outcome = await _outcome(call, number)
            finally:
                free.release()
            rows.append((due - start, clock() - due, outcome))

        async with asyncio.TaskGroup() as tasks:
            for number, due in enumerate(start + self._due()):
                if (wait := due - clock()) > 0:
                    await asyncio.sleep(wait)
                await free.acquire()
                tasks.create_task(ask(number, due))
        return np.array(rows)

    def _due(self) -> NDArray[np.float64]:
        phases = [
            place * self.seconds + arrivals(rate, round(2 * rate * self.seconds), seed=place)
            for place, rate in enumerate(self.rates)
        ]
        return np.concatenate([due[due < (place + 1) * self.seconds] for place, due in enumerate(phases)])


@dataclass(frozen=True, kw_only=True)
class Tally:
    """`connections` callers that ask again as soon as they are answered, whatever the answer, `requests` times in all.

    Whose request fails asks no more, for its connection may be gone: the next job connects anew. What is found is an
    array of rows: when a request was asked by `clock`, which is the whole machine's, how long it took, in seconds,
    and its `Outcome`.
    """

    requests: int
    connections: int

    @property
    def most_seconds(self) -> float:
        """See `Job`."""
        return self.requests * SLOWEST_ANSWER_SECONDS / self.connections

    async def run(self, call: Call, target: Target) -> NDArray[np.float64]:
        """See `Job`."""
        rows: list[tuple[float, float, int]] = []
        numbers = iter(range(self.requests))

        async def caller() -> None:
            for number in numbers:
                asked = clock()
                outcome = await _outcome(call, number)
                rows.append((asked, clock() - asked, outcome))
                if outcome is Outcome.FAILED:
                    return

        async with asyncio.TaskGroup() as tasks:
            for _ in range(self.connections):
                tasks.create_task(caller())
        return np.array(rows)


@dataclass(frozen=True)
class Ask:
    """The item ids that the target recommends for each of the first `requests` payloads."""

    requests: int
    connections: int = 1

    @property
    def most_seconds(self) -> float:
        """See `Job`."""
        return self.requests * SLOWEST_ANSWER_SECONDS

    async def run(self, call: Call, target: Target) -> list[list[int]]:
        """See `Job`."""
        return [target.item_ids(await call(number)) for number in range(self.requests)]


async def _outcome(call: Call, number: int) -> Outcome:
    try:
        answer = await call(number)
    except RefusedError as error:
        return Outcome.AGAIN if error.status in COME_AGAIN and error.told else Outcome.FAILED
    except ServerError:
        return Outcome.FAILED
    return Outcome.FALLBACK if FALLBACK in answer else Outcome.MODEL


def arrivals(rate: float, requests: int, seed: int) -> NDArray[np.float64]:
    """When each of `requests` is due, in seconds from the start: exponential gaps of 1 / rate on average."""
    return np.cumsum(np.random.default_rng(seed).exponential(1 / rate, requests))
