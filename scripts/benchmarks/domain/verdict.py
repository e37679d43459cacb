"""The rows that the shop benchmark promises, whatever was measured: the goals first, then what they stand on."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import median

import numpy as np
from numpy.typing import NDArray

from scripts.benchmarks.contest.plan import P99_LIMIT_MS
from scripts.benchmarks.domain.rounds import BATCHED, Course, Found
from scripts.benchmarks.domain.servers import NAMES, SHOPS, Key
from scripts.benchmarks.load.job import Outcome
from scripts.benchmarks.load.window import Window, percentile
from scripts.benchmarks.result import Row

__all__ = ["rows"]

# Issue 7, "Performance".
LEAST_GAIN = 4.0
LEAST_P99_GAIN = 3.0
MOST_PATH_MS, MOST_EDGE_MS = 3.0, 0.5
LEAST_BATCHING_GAIN = 1.5
MOST_P99_MS = 20.0
MOST_MEAN_MS = 150.0
LEAST_GOODPUT = 0.9
MOST_RECOVERY_SECONDS = 3.0
# What a shopper is promised (serving/gateway/config.py).
PROMISE_SECONDS = 0.15


def rows(found: Found, course: Course) -> list[Row]:
    """Every row, also where a goal is missed."""
    throughput = {key: median(sweep.best[1] for sweep in found.sweeps[key]) for key in SHOPS}
    equal = {key: _pooled(found.equal[key]) for key in SHOPS}
    high = {key: _pooled(found.high[key]) for key in SHOPS}
    return [
        _gain(f"throughput at p99 <= {P99_LIMIT_MS:.0f} ms", throughput, "eager", LEAST_GAIN),
        _gain("p99 at equal load", _inverse(equal, 99), "eager", LEAST_P99_GAIN),
        _added("shop", "edge and gateway", found, MOST_PATH_MS),
        _added("edge", "edge alone", found, MOST_EDGE_MS),
        Row(
            name=f"dynamic batching on over off: throughput of {BATCHED} callers",
            measured=median(
                on.windows[BATCHED].throughput / off.windows[BATCHED].throughput
                for on, off in zip(found.sweeps["triton"], found.sweeps["unbatched"], strict=True)
            ),
            unit="x",
            goal=LEAST_BATCHING_GAIN,
        ),
        Row(
            name=f"{NAMES['shop']}: p99 at 70 % of saturation ({found.high_rates['shop']:.0f}/s)",
            measured=percentile(high["shop"], 99),
            unit="ms",
            goal=MOST_P99_MS,
            better="less",
        ),
        Row(
            name=f"{NAMES['shop']}: mean at peak, {max(course.plan.levels)} callers (the article's 150 ms)",
            measured=median(
                float(sweep.windows[max(sweep.windows)].latencies_ms.mean()) for sweep in found.sweeps["shop"]
            ),
            unit="ms",
            goal=MOST_MEAN_MS,
            better="less",
        ),
        *_surge(found, course),
        _gain(f"throughput at p99 <= {P99_LIMIT_MS:.0f} ms", throughput, "graph"),
        _gain("p99 at equal load", _inverse(equal, 99), "graph"),
        *(
            Row(
                name=f"{NAMES[key]}: p99 at 70 % of its saturation ({found.high_rates[key]:.0f}/s)",
                measured=percentile(high[key], 99),
                unit="ms",
            )
            for key in SHOPS
            if key != "shop"
        ),
        *(
            Row(
                name=f"{NAMES[key]}: throughput at p99 <= {P99_LIMIT_MS:.0f} ms",
                measured=throughput[key],
                unit="/s",
            )
            for key in SHOPS
        ),
        *(
            Row(
                name=f"{NAMES[key]}: p{percent} at equal load ({found.equal_rate:.0f}/s)",
                measured=percentile(equal[key], percent),
                unit="ms",
            )
            for percent in (50, 99)
            for key in SHOPS
        ),
        *(
            Row(name=f"{NAMES[key]}: one caller, p50", measured=_one_caller(found, key), unit="ms")
            for key in NAMES
        ),
        Row(
            name="requests behind each p99 at equal load",
            measured=min(len(latencies) for latencies in equal.values()),
            unit="",
        ),
    ]


def _gain(what: str, values: Mapping[Key, float], key: Key, goal: float | None = None) -> Row:
    ours, theirs = values["shop"], values[key]
    return Row(
        name=f"{NAMES['shop']} over {NAMES[key]}: {what}",
        measured=ours / theirs if ours and theirs else None,
        unit="x",
        goal=goal,
    )


def _inverse(latencies: Mapping[Key, NDArray[np.float64]], percent: float) -> dict[Key, float]:
    """So that more is better."""
    return {key: 1 / percentile(values, percent) for key, values in latencies.items()}


def _pooled(windows: list[Window]) -> NDArray[np.float64]:
    return np.concatenate([window.latencies_ms for window in windows])


def _one_caller(found: Found, key: Key) -> float:
    return median(sweep.windows[1].latency(50) for sweep in found.sweeps[key])


def _added(key: Key, what: str, found: Found, goal: float) -> Row:
    """What is added to Triton; each round's two stand side by side in time."""
    return Row(
        name=f"{what} on top of {NAMES['triton']}: one caller, p50",
        measured=median(
            whole.windows[1].latency(50) - part.windows[1].latency(50)
            for whole, part in zip(found.sweeps[key], found.sweeps["triton"], strict=True)
        ),
        unit="ms",
        goal=goal,
        better="less",
    )


def _surge(found: Found, course: Course) -> list[Row]:
    """What twice the load did: goodput is what the model answered within the promise."""
    due, took, outcome = found.surge.T
    begin, end = course.surge_seconds, 2 * course.surge_seconds
    good = (outcome == Outcome.MODEL) & (took <= PROMISE_SECONDS)
    during = (due >= begin) & (due < end)
    saturation = found.saturation("shop")
    bad_after = due[~good & (due >= end)]
    shares = {kind: float(np.mean(outcome[during] == kind)) if during.any() else None for kind in Outcome}
    return [
        Row(
            name="twice saturation: goodput (by the model, within 150 ms) over saturation",
            measured=float(good[during].sum()) / course.surge_seconds / saturation,
            unit="x",
            goal=LEAST_GOODPUT,
        ),
        Row(
            name="twice saturation: neither answered nor 429/503 with Retry-After",
            measured=shares[Outcome.FAILED],
            unit="",
            goal=0.0,
            better="less",
        ),
        Row(
            name="twice saturation: last bad answer after its end",
            measured=float(bad_after.max() - end) if len(bad_after) else 0.0,
            unit="s",
            goal=MOST_RECOVERY_SECONDS,
            better="less",
        ),
        Row(name="twice saturation: by the model, also late", measured=shares[Outcome.MODEL], unit=""),
        Row(name="twice saturation: what sells, `fallback`", measured=shares[Outcome.FALLBACK], unit=""),
        Row(name="twice saturation: told to come again", measured=shares[Outcome.AGAIN], unit=""),
        Row(
            name="twice saturation: p99 of what was answered",
            measured=1e3 * percentile(took[during & (outcome <= Outcome.FALLBACK)], 99),
            unit="ms",
        ),
    ]
