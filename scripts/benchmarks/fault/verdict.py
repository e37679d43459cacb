"""The rows that the faults benchmark promises, whatever was measured."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scripts.benchmarks.fault.course import Course, Killed, Soaked
from scripts.benchmarks.fault.servers import PARTS
from scripts.benchmarks.load.job import Outcome
from scripts.benchmarks.load.window import percentile
from scripts.benchmarks.result import Row

__all__ = ["of_kills", "of_soak"]

# Issue 7, "Faults": nothing fails, memory is flat. Two readings of the same process differ by some pages.
MOST_GROWTH = 1.05
# What a kill is felt for: requests under way are asked again, and the edge still tries whom it has not missed.
FELT_SECONDS = 2.0
PER_REQUESTS = 10_000


def of_kills(found: Killed, course: Course) -> list[Row]:
    """Every row of the first part, also where a goal is missed."""
    felt = _felt(found)
    times = "once" if course.kills == 1 else f"{course.kills} times"
    return [
        *_outcomes(f"Triton killed {times}", found.asked, course.requests),
        Row(name="fewest requests under way when it was killed", measured=_under_way(found), unit=""),
        *_latencies(f"in the {FELT_SECONDS:.0f} s after a kill", found.asked[felt]),
        *_latencies("of the rest", found.asked[~felt]),
        Row(
            name="longest until the edge knew of a kill",
            measured=max(kill.noticed_seconds for kill in found.kills),
            unit="s",
        ),
        Row(
            name="longest until a killed Triton answered callers again",
            measured=max(kill.answers_seconds for kill in found.kills),
            unit="s",
        ),
    ]


def of_soak(found: Soaked, course: Course) -> list[Row]:
    """Every row of the second part."""
    return [
        *_outcomes("soak", found.asked, course.soak),
        *_latencies("of the soak", found.asked),
        *(row for part in PARTS for row in _memory(part, found)),
    ]


def _outcomes(where: str, rows: NDArray[np.float64], requests: int) -> list[Row]:
    """A fallback is an answer, which a busy machine can bring about by itself, so there is no goal for it."""
    count = {kind: int((rows[:, 2] == kind).sum()) for kind in Outcome}
    return [
        Row(name=f"{where}: requests", measured=len(rows), unit="", goal=requests),
        Row(name=f"{where}: failed", measured=count[Outcome.FAILED], unit="", goal=0, better="less"),
        Row(
            name=f"{where}: told to come again", measured=count[Outcome.AGAIN], unit="", goal=0, better="less"
        ),
        Row(name=f"{where}: what sells, `fallback`", measured=count[Outcome.FALLBACK], unit=""),
    ]


def _felt(found: Killed) -> NDArray[np.bool_]:
    """Which requests were under way within `FELT_SECONDS` of a kill."""
    begin, took, _ = found.asked.T
    felt = np.zeros(len(begin), bool)
    for kill in found.kills:
        felt |= (begin + took > kill.at) & (begin < kill.at + FELT_SECONDS)
    return felt


def _under_way(found: Killed) -> int:
    begin, took, _ = found.asked.T
    return min(int(((begin <= kill.at) & (kill.at < begin + took)).sum()) for kill in found.kills)


def _latencies(which: str, rows: NDArray[np.float64]) -> list[Row]:
    took_ms = 1e3 * rows[:, 1]
    return [
        Row(name=f"{what} {which}", measured=percentile(took_ms, percent), unit="ms")
        for what, percent in (("p50", 50), ("p99", 99), ("longest", 100))
    ]


def _memory(part: str, found: Soaked) -> list[Row]:
    """`found.memory` has an entry for each tenth of the soak."""
    first, last = found.memory[0][part], found.memory[-1][part]
    later = found.counts[-1] - found.counts[0]
    return [
        Row(name=f"{PARTS[part]}: after a tenth of the soak", measured=first, unit="MiB"),
        Row(name=f"{PARTS[part]}: at the end", measured=last, unit="MiB"),
        Row(
            name=f"{PARTS[part]}: at the end over after a tenth",
            measured=last / first,
            unit="x",
            goal=MOST_GROWTH,
            better="less",
        ),
        Row(
            name=f"{PARTS[part]}: growth in {PER_REQUESTS:,} requests",
            measured=(last - first) / later * PER_REQUESTS,
            unit="MiB",
        ),
    ]
