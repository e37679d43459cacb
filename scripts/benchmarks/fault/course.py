"""The course of the run: kills while callers go on, then the soak, in which nothing happens but requests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from scripts.benchmarks.contest.rounds import Progress
from scripts.benchmarks.fault.callers import Callers, asking
from scripts.benchmarks.fault.servers import Kill, Servers
from scripts.benchmarks.load.job import Ask
from scripts.benchmarks.load.process import LoadProcess
from serving.failure import ServerError

__all__ = ["FULL", "SHORT", "TENTHS", "Course", "Killed", "Soaked", "kill", "soak"]

# About what two cores answer beside their callers; only the announcement needs it.
ANSWERS_PER_SECOND = 150
RESTART_SECONDS = 12
TENTHS = 10


@dataclass(frozen=True, kw_only=True)
class Course:
    """How many kills while at least how many requests are asked, and how many more in the soak."""

    kills: int
    requests: int
    soak: int
    batch: int

    @property
    def kill_seconds(self) -> float:
        """From one kill to the next, about."""
        return max(self.requests / self.kills / ANSWERS_PER_SECOND, RESTART_SECONDS)

    @property
    def tenth_seconds(self) -> float:
        """A tenth of the soak, about."""
        return self.soak / TENTHS / ANSWERS_PER_SECOND

    @property
    def seconds(self) -> float:
        """The whole run, about, after the servers' start."""
        return self.kills * self.kill_seconds + TENTHS * self.tenth_seconds


# 72,000: an hour of a shop with 20 requests a second.
FULL = Course(kills=5, requests=20_000, soak=72_000, batch=1_000)
SHORT = Course(kills=1, requests=400, soak=400, batch=40)


@dataclass(frozen=True, kw_only=True)
class Killed:
    """The kills, and the rows of `Tally` of what was asked meanwhile."""

    kills: Sequence[Kill]
    asked: NDArray[np.float64]

    @property
    def processes(self) -> list[int]:
        """Those that were killed."""
        return [each.pid for each in self.kills]


@dataclass(kw_only=True)
class Soaked:
    """The rows of `Tally`; and after each tenth, how many requests had been asked and MiB of each part."""

    asked: NDArray[np.float64] = field(default_factory=lambda: np.empty((0, 3)))
    counts: list[int] = field(default_factory=list)
    memory: list[dict[str, float]] = field(default_factory=list)


def kill(load: LoadProcess, servers: Servers, course: Course, progress: Progress) -> Killed:
    """Kill while callers go on; ServerError if a server does not come back or lists nothing."""
    kills: list[Kill] = []
    if load.run(servers.target, Ask(1)) == [[0]]:
        raise ServerError("the shop lists no items, so there is nothing to measure")
    callers = Callers(load, servers.target, course.batch)
    with asking(callers) as until:
        for number in range(course.kills):
            progress(f"kill {number + 1} of {course.kills}, {callers.asked:,} asked", course.kill_seconds)
            until((number + 0.5) * course.requests / course.kills)
            callers.middle()
            kills.append(servers.kill())
        until(course.requests)
    return Killed(kills=kills, asked=callers.rows)


def soak(load: LoadProcess, servers: Servers, course: Course, progress: Progress) -> Soaked:
    """Ask and look at the memory; ServerError if nobody answers any more."""
    found = Soaked()
    callers = Callers(load, servers.target, course.batch)
    for tenth in range(1, TENTHS + 1):
        progress(f"soak, {tenth} of {TENTHS}, {callers.asked:,} asked", course.tenth_seconds)
        while callers.asked < tenth * course.soak / TENTHS:
            callers.ask()
        found.memory.append(servers.memory_mib())
        found.counts.append(callers.asked)
    found.asked = callers.rows
    return found
