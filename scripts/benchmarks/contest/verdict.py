"""The rows that the benchmark promises, whatever was measured: the goals first, then what they stand on."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

import numpy as np

from scripts.benchmarks.contest.comparison import Comparison, caller_ms, comparisons, level
from scripts.benchmarks.contest.contender import NAMES, Key
from scripts.benchmarks.contest.plan import P99_LIMIT_MS, P99_REQUESTS
from scripts.benchmarks.contest.rounds import Found
from scripts.benchmarks.load.window import percentile
from scripts.benchmarks.result import Row

__all__ = ["rows"]

# Issue 3, part 8: against FastAPI + PyTorch fp32, and over bare onnxruntime with one caller.
LEAST_GAIN = 4.0
MOST_OVERHEAD_MS = 1.0
PEERS: Sequence[Key] = ("eager", "graph")


def rows(found: Found) -> list[Row]:
    """Every row, also where a goal is missed or a contender could not be measured."""
    measures = comparisons(found)
    goal, *gains = [_gain(measure, peer) for peer in PEERS for measure in measures]
    return [
        goal,
        *_overheads(found),
        _requests(found),
        *gains,
        *(
            Row(name=f"{NAMES[key]}: {measure.name}", measured=value, unit=measure.unit)
            for measure in measures
            for key, value in measure.values.items()
        ),
        *_conditions(found),
    ]


def _gain(measure: Comparison, peer: Key) -> Row:
    promised = peer == "eager" and measure.better == "more"
    return Row(
        name=f"{NAMES['triton']} over {NAMES[peer]}: {measure.name}",
        measured=measure.gain(peer),
        unit="x",
        goal=LEAST_GAIN if promised else None,
    )


def _overheads(found: Found) -> list[Row]:
    """What Triton adds to the bare graph; each round's two stand side by side in time."""
    pairs = [
        (triton.windows[1], bare.windows[1])
        for triton, bare in zip(found.sweeps["triton"], found.sweeps["bare"], strict=True)
    ]
    return [
        Row(
            name=f"{NAMES['triton']} on top of {NAMES['bare']}: one caller, p{percent}",
            measured=median(triton.latency(percent) - bare.latency(percent) for triton, bare in pairs),
            unit="ms",
            goal=goal,
            better="less",
        )
        for percent, goal in ((50, MOST_OVERHEAD_MS), (99, None))
    ]


def _requests(found: Found) -> Row:
    fewest = min(sum(len(window.latencies_ms) for window in windows) for windows in found.poisson.values())
    return Row(name="requests behind each p99 at Poisson load", measured=fewest, unit="", goal=P99_REQUESTS)


def _conditions(found: Found) -> list[Row]:
    """What tells whether to believe the rest."""
    late = np.concatenate([window.late_ms for windows in found.poisson.values() for window in windows])
    at_limit = f"throughput at p99 <= {P99_LIMIT_MS:.0f} ms"
    return [
        Row(name="Poisson load on each server", measured=found.rate, unit="/s"),
        Row(name="Poisson load: sent later than due, p99", measured=percentile(late, 99), unit="ms"),
        *(
            Row(name=f"{NAMES[key]}: callers at {at_limit}", measured=level(found, key), unit="")
            for key in found.sweeps
        ),
        *(
            Row(name=f"{NAMES[key]}: callers' core time a request", measured=caller_ms(found, key), unit="ms")
            for key in found.poisson
        ),
        *(
            Row(name=f"{NAMES[key]}: share of bare onnxruntime's top ten", measured=share, unit="")
            for key, share in found.agreement.items()
        ),
    ]
