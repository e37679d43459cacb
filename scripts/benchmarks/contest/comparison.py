"""The contenders side by side: each measure as a median over rounds, and where Triton wins and loses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median
from typing import Literal

import numpy as np
from rich.table import Table

from scripts.benchmarks.contest.contender import NAMES, Key
from scripts.benchmarks.contest.plan import P99_LIMIT_MS
from scripts.benchmarks.contest.rounds import Found
from scripts.benchmarks.load.window import percentile

__all__ = ["Comparison", "caller_ms", "comparisons", "level", "losses", "table"]


@dataclass(frozen=True)
class Comparison:
    """One measure, a value for each contender that it applies to."""

    name: str
    unit: str
    better: Literal["more", "less"]
    values: Mapping[Key, float]

    def gain(self, key: Key) -> float | None:
        """How many times better Triton is than `key`; below 1 it is worse. None where one could do nothing."""
        ours, theirs = self.values["triton"], self.values[key]
        if not ours or not theirs:
            return None
        return ours / theirs if self.better == "more" else theirs / ours


def comparisons(found: Found) -> list[Comparison]:
    """Throughput, p50 and p99 of one caller, p50 and p99 at Poisson load.

    Medians over the rounds, but for the Poisson load, whose percentiles are over the requests of all rounds.
    """
    pooled = {
        key: np.concatenate([window.latencies_ms for window in windows])
        for key, windows in found.poisson.items()
    }
    return [
        Comparison(
            f"throughput at p99 <= {P99_LIMIT_MS:.0f} ms",
            "/s",
            "more",
            {key: median(sweep.best[1] for sweep in sweeps) for key, sweeps in found.sweeps.items()},
        ),
        *(
            Comparison(
                f"one caller, p{percent}",
                "ms",
                "less",
                {
                    key: median(sweep.windows[1].latency(percent) for sweep in sweeps)
                    for key, sweeps in found.sweeps.items()
                },
            )
            for percent in (50, 99)
        ),
        *(
            Comparison(
                f"Poisson load, p{percent}",
                "ms",
                "less",
                {key: percentile(latencies, percent) for key, latencies in pooled.items()},
            )
            for percent in (50, 99)
        ),
    ]


def level(found: Found, key: Key) -> float:
    """How many callers it took to reach the throughput."""
    return median(sweep.best[0] for sweep in found.sweeps[key])


def caller_ms(found: Found, key: Key) -> float:
    """Core time of the callers for each request, with as many callers as every round had."""
    callers = min(max(sweep.windows) for sweep in found.sweeps[key])
    return median(sweep.windows[callers].caller_ms for sweep in found.sweeps[key])


def table(found: Found) -> Table:
    """Every value, and behind it how many times better Triton's is."""
    result = Table(
        title="side by side; in brackets how many times better Triton is, below 1 it loses",
        title_justify="left",
    )
    result.add_column("")
    for name in NAMES.values():
        result.add_column(name, justify="right")
    for measure in comparisons(found):
        result.add_row(measure.name, *(_cell(measure, key) for key in NAMES))
    result.add_row("callers at that throughput", *(f"{level(found, key):.0f}" for key in NAMES))
    # Without a server, the caller's time is the model's.
    spent = (f"{caller_ms(found, key):.2f} ms" if key in found.poisson else "" for key in NAMES)
    result.add_row("callers' core time a request", *spent)
    return result


def losses(found: Found) -> str:
    """One line that says what Triton does not win."""
    lost = [
        f"{measure.name} to {NAMES[key]} ({gain:.2f}x)"
        for measure in comparisons(found)
        for key in measure.values
        if (gain := measure.gain(key)) is not None and gain < 1
    ]
    return f"Triton loses {'; '.join(lost)}." if lost else "Triton loses nothing."


def _cell(measure: Comparison, key: Key) -> str:
    if key not in measure.values:
        return ""
    value = measure.values[key]
    shown = f"{value:,.0f} /s" if measure.unit == "/s" else f"{value:.2f} {measure.unit}"
    gain = measure.gain(key)
    if key == "triton" or gain is None:
        return shown
    return f"{shown} ([{'green' if gain >= 1 else 'red'}]{gain:.2f}x[/])"
