"""How long requests wait in pods that each have some instances: Erlang's formula, and a fluid where it has none.

Requests come as a Poisson stream to each pod and each takes an exponential time, which is worse than what a graph of
one size does. Kleinrock, Queueing Systems I (1975), chapter 3.5 (M/M/m).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

__all__ = ["Flow", "Latencies", "Line", "late_share"]

# Beyond this share of a pod's time, Erlang's steady state takes longer to come than any load stays.
STEADY = 0.98
STEP_SECONDS = 0.0002
DIGITS = 3
Column = npt.NDArray[np.float64]


@lru_cache(maxsize=100_000)
def late_share(instances: int, busy: float) -> float:
    """Erlang C: the share of requests that find every instance at work; `busy` is the share of their time."""
    offered = instances * busy
    term = total = 1.0
    for count in range(1, instances):
        term *= offered / count
        total += term
    last = term * offered / instances / (1 - busy)
    return last / (total + last)


@dataclass(frozen=True, kw_only=True)
class Flow:
    """What became of the requests of one tick: all wait `seconds`, the share `late` exponentially longer."""

    answered: float
    refused: float
    seconds: float
    late: float
    rate: float
    patience: float
    busy: float

    @property
    def mean(self) -> float:
        """Their mean time in the queue in seconds."""
        return self.seconds + self.late / self.rate


@dataclass
class Line:
    """The queues of all pods of one cloud, alike; who would wait longer than `patience` seconds leaves."""

    instances: int
    per_instance: float
    patience: float
    waiting: float = 0.0

    def pass_time(self, seconds: float, requests_per_second: float, pods: int) -> Flow:
        """Let `seconds` pass with so many pods that answer."""
        capacity = pods * self.instances * self.per_instance
        came = requests_per_second * seconds
        room = capacity * self.patience
        rest = self.waiting + came - capacity * seconds
        before, self.waiting = self.waiting, min(max(rest, 0.0), room)
        refused = max(rest - room, 0.0)
        if not capacity:
            return Flow(answered=0.0, refused=came, seconds=0.0, late=0.0, rate=1.0, patience=0.0, busy=1.0)
        busy = round(min(requests_per_second / capacity, STEADY), DIGITS)
        wait = (before + self.waiting) / 2 / capacity
        late = late_share(self.instances, busy)
        rate = self.instances * self.per_instance * (1 - busy)
        # Of the exponential ones, those whose patience ends.
        gone = late * float(np.exp(-rate * max(self.patience - wait, 0.0)))
        answered = max(came - refused, 0.0)
        return Flow(
            answered=answered * (1 - gone),
            refused=min(refused, came) + answered * gone,
            seconds=wait,
            late=late,
            rate=rate,
            patience=max(self.patience - wait, 0.0),
            busy=min(came / (capacity * seconds), 1.0),
        )


class Latencies:
    """All flows of a day, as one distribution of seconds from question to answer."""

    def __init__(self) -> None:
        self._rows: list[tuple[float, float, float, float, float]] = []

    def add(self, flow: Flow, fixed: float) -> None:
        """Count a flow whose requests take `fixed` seconds beside their wait."""
        if flow.answered:
            self._rows.append((flow.answered, fixed + flow.seconds, flow.late, flow.rate, flow.patience))

    def quantile(self, share: float) -> float:
        """The seconds within which `share` of the answers came; not a number where there was none."""
        if not self._rows:
            return math.nan
        rows = np.array(self._rows).T
        times = np.arange(0, float((rows[1] + rows[4]).max()) + STEP_SECONDS, STEP_SECONDS)
        within = np.array([_within(float(time), *rows) for time in times])
        return float(times[min(int(np.searchsorted(within, share * rows[0].sum())), len(times) - 1)])


def _within(time: float, weight: Column, base: Column, late: Column, rate: Column, patience: Column) -> float:
    """How many were answered by then: of those who wait longer than others, only who had the patience."""
    rest = np.clip(time - base, 0.0, patience)
    stayed = (1 - late * np.exp(-rate * rest)) / (1 - late * np.exp(-rate * patience))
    return float((weight * np.where(time < base, 0.0, stayed)).sum())
