"""The measurement itself: all contenders take turns, round after round, so that noise meets each of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from scripts.benchmarks.contest.contender import NAMES, Key
from scripts.benchmarks.contest.plan import P99_LIMIT_MS, Plan
from scripts.benchmarks.load.job import Ask, ClosedLoop, Job, Poisson
from scripts.benchmarks.load.payload import K
from scripts.benchmarks.load.process import LoadProcess
from scripts.benchmarks.load.target import Target
from scripts.benchmarks.load.window import Window
from serving.failure import ServerError

__all__ = ["Found", "Progress", "Sweep", "agreement", "measure", "sweep"]

# Of what the slowest server can do, so that no queue grows without end.
POISSON_SHARE = 0.6
# As many as the closed loop's highest level.
POISSON_CONNECTIONS = 64
CHECKED_PAYLOADS = 32
# INT8 and fp32 differ in the last places of a top ten, and so do two quantized runs of differently padded
# histories; below this, somebody does other work.
LEAST_AGREEMENT = 0.5


@dataclass(frozen=True)
class Sweep:
    """One contender's closed loops of one round, by concurrency."""

    windows: Mapping[int, Window]

    @property
    def best(self) -> tuple[int, float]:
        """The concurrency with the highest throughput whose p99 holds, and that throughput; 0 if none does."""
        held = [
            (level, window.throughput)
            for level, window in self.windows.items()
            if window.latency(99) <= P99_LIMIT_MS
        ]
        return max(held, key=lambda one: one[1], default=(0, 0.0))

    @property
    def saturation(self) -> float:
        """The highest throughput, whatever the latency."""
        return max(window.throughput for window in self.windows.values())


@dataclass
class Found:
    """Everything that was measured: each list has an entry a round. `rate` is the Poisson load a second."""

    agreement: dict[Key, float]
    sweeps: dict[Key, list[Sweep]] = field(default_factory=lambda: {key: [] for key in NAMES})
    poisson: dict[Key, list[Window]] = field(
        default_factory=lambda: {key: [] for key in NAMES if key != "bare"}
    )
    rate: float = 0.0


# Hears what is done now, and how much time that takes of the whole.
Progress = Callable[[str, float], None]


def measure(load: LoadProcess, targets: Mapping[Key, Target], plan: Plan, progress: Progress) -> Found:
    """Run all rounds; ServerError if a contender fails, or does not do the same work as the others."""
    found = Found(agreement(load, targets))
    for number in range(1, plan.rounds + 1):
        for key, target in targets.items():
            turn = f"round {number} of {plan.rounds}, {NAMES[key]}"
            levels = plan.levels if key != "bare" else (1,)
            found.sweeps[key].append(sweep(load, target, plan, levels, turn, progress))
        if not found.rate:
            found.rate = POISSON_SHARE * min(found.sweeps[key][0].saturation for key in found.poisson)
        for key, windows in found.poisson.items():
            job = Poisson(
                rate=found.rate,
                requests=plan.poisson_requests(found.rate),
                seed=number,
                connections=POISSON_CONNECTIONS,
            )
            progress(
                f"round {number} of {plan.rounds}, {NAMES[key]}: Poisson load, {found.rate:.0f}/s",
                plan.poisson_seconds,
            )
            windows.append(load.run(targets[key], job))
    return found


def agreement(load: LoadProcess, targets: Mapping[Key, Target]) -> dict[Key, float]:
    """The share of bare onnxruntime's top ten that each contender recommends too; ServerError if it is low."""
    answers = {key: load.run(target, Ask(CHECKED_PAYLOADS)) for key, target in targets.items()}
    shares = {key: _shared(answers["bare"], theirs) for key, theirs in answers.items()}
    for key, share in shares.items():
        if share < LEAST_AGREEMENT:
            raise ServerError(
                f"{NAMES[key]} recommends only {share:.0%} of what bare onnxruntime does; it serves another "
                "model, so there is nothing to compare"
            )
    return shares


def _shared(ours: Sequence[Sequence[int]], theirs: Sequence[Sequence[int]]) -> float:
    return float(np.mean([len({*a} & {*b}) / K for a, b in zip(ours, theirs, strict=True)]))


def sweep(
    load: LoadProcess, target: Target, plan: Plan, levels: Sequence[int], turn: str, progress: Progress
) -> Sweep:
    """Raise the concurrency until the p99 passes its limit."""
    windows: dict[int, Window] = {}
    for place, level in enumerate(levels):
        took = plan.warmup_seconds + plan.window_seconds
        progress(f"{turn}: {level} at a time", took)
        job: Job = ClosedLoop(
            connections=level, seconds=plan.window_seconds, warmup_seconds=plan.warmup_seconds
        )
        windows[level] = load.run(target, job)
        if windows[level].latency(99) > P99_LIMIT_MS:
            progress("", took * (len(levels) - place - 1))
            break
    return Sweep(windows)
