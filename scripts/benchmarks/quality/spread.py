"""Mean and deviation over seeds, as Markdown."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import mean, stdev

__all__ = ["spread_table"]


def spread_table(corner: str, titles: Sequence[str], lines: Mapping[str, Sequence[Sequence[float]]]) -> str:
    """A line a name; under each of `titles` its values over the seeds."""
    head = [
        f"| {corner} | " + " | ".join(titles) + " |",
        "| --- | " + " | ".join("---:" for _ in titles) + " |",
    ]
    body = [f"| {name} | " + " | ".join(map(_spread, cells)) + " |" for name, cells in lines.items()]
    return "\n".join([*head, *body])


def _spread(values: Sequence[float]) -> str:
    if math.isnan(values[0]):
        return "-"
    deviation = stdev(values) if len(values) > 1 else 0.0
    return f"{mean(values):.4f}" + (f" ± {deviation:.4f}" if deviation else "")
