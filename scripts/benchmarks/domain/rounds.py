"""The measurement: everybody takes turns, round after round, then the product alone meets twice what it can do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import median

import numpy as np
from numpy.typing import NDArray

from scripts.benchmarks.contest.plan import Plan
from scripts.benchmarks.contest.rounds import Progress, Sweep, sweep
from scripts.benchmarks.domain.servers import NAMES, SHOPS, Key
from scripts.benchmarks.load.job import Ask, Poisson, Surge
from scripts.benchmarks.load.process import LoadProcess
from scripts.benchmarks.load.target import Target
from scripts.benchmarks.load.window import Window
from serving.failure import ServerError

__all__ = [
    "BATCHED",
    "CONNECTIONS",
    "EQUAL_SHARE",
    "FULL",
    "HIGH_SHARE",
    "SHORT",
    "Course",
    "Found",
    "measure",
]

# Where dynamic batching is judged.
BATCHED = 16
# Of what the slowest shop can do: the same load for all.
EQUAL_SHARE = 0.6
# Of what each can do by itself.
HIGH_SHARE = 0.7
# Before and after the surge, and in it: shares of what the product can do.
SURGE_SHARES = (0.5, 2.0, 0.5)
# An edge always lets in so many (serving/edge/filter.py): nobody is refused, and who waits does so here.
CONNECTIONS = 8
# More callers than the edge lets in at a time.
SURGE_CONNECTIONS = 400


@dataclass(frozen=True, kw_only=True)
class Course:
    """A plan for the rounds, and how long each phase of the surge is, in seconds."""

    plan: Plan
    surge_seconds: float

    @property
    def seconds(self) -> float:
        """The whole run at most, after the servers' start."""
        window = self.plan.warmup_seconds + self.plan.window_seconds
        direct = 2 * (len(NAMES) - len(SHOPS)) * window
        shops = len(SHOPS) * (len(self.plan.levels) * window + 2 * self.plan.poisson_seconds)
        return self.plan.rounds * (direct + shops) + len(SURGE_SHARES) * self.surge_seconds


FULL = Course(
    plan=Plan(
        rounds=3,
        levels=(1, 2, 4, 8),
        warmup_seconds=0.5,
        window_seconds=3.0,
        poisson_seconds=16.0,
        longest_poisson_seconds=30.0,
    ),
    surge_seconds=10.0,
)
SHORT = Course(
    plan=Plan(
        rounds=1,
        levels=(1, 4),
        warmup_seconds=0.2,
        window_seconds=0.6,
        poisson_seconds=1.0,
        longest_poisson_seconds=1.0,
    ),
    surge_seconds=1.5,
)


@dataclass
class Found:
    """Everything that was measured: each list has an entry a round. Rates are a second.

    `surge` has the rows of `Surge`.
    """

    sweeps: dict[Key, list[Sweep]] = field(default_factory=lambda: {key: [] for key in NAMES})
    equal: dict[Key, list[Window]] = field(default_factory=lambda: {key: [] for key in SHOPS})
    high: dict[Key, list[Window]] = field(default_factory=lambda: {key: [] for key in SHOPS})
    equal_rate: float = 0.0
    high_rates: dict[Key, float] = field(default_factory=dict)
    surge: NDArray[np.float64] = field(default_factory=lambda: np.empty((0, 3)))

    def saturation(self, key: Key) -> float:
        """The most that `key` answered a second, whatever the latency."""
        return median(one.saturation for one in self.sweeps[key])


def measure(load: LoadProcess, targets: Mapping[Key, Target], course: Course, progress: Progress) -> Found:
    """Run everything; ServerError if something fails or lists nothing."""
    plan = course.plan
    found = Found()
    for key in SHOPS:
        if load.run(targets[key], Ask(1)) == [[0]]:
            raise ServerError(f"{NAMES[key]} lists no items, so there is nothing to measure")
    for number in range(1, plan.rounds + 1):
        turn = f"round {number} of {plan.rounds}"
        for key, target in targets.items():
            levels = plan.levels if key in SHOPS else (1, BATCHED)
            found.sweeps[key].append(sweep(load, target, plan, levels, f"{turn}, {NAMES[key]}", progress))
        if not found.equal_rate:
            found.high_rates = {key: HIGH_SHARE * found.saturation(key) for key in SHOPS}
            found.equal_rate = EQUAL_SHARE * min(found.saturation(key) for key in SHOPS)
        for windows, name in ((found.equal, "equal load"), (found.high, "high load")):
            for key in SHOPS:
                rate = found.equal_rate if windows is found.equal else found.high_rates[key]
                progress(f"{turn}, {NAMES[key]}: {name}, {rate:.0f}/s", plan.poisson_seconds)
                requests = plan.poisson_requests(rate)
                job = Poisson(rate=rate, requests=requests, seed=number, connections=CONNECTIONS)
                windows[key].append(load.run(targets[key], job))
    rates = [share * found.saturation("shop") for share in SURGE_SHARES]
    progress(
        f"{NAMES['shop']}: surge of {rates[1]:.0f}/s between {rates[0]:.0f}/s",
        len(SURGE_SHARES) * course.surge_seconds,
    )
    surge = Surge(rates=rates, seconds=course.surge_seconds, connections=SURGE_CONNECTIONS)
    found.surge = load.run(targets["shop"], surge)
    return found
