"""Medians of values that stand for several rows each."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["medians"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.integer]


def medians(values: Floats, group: Integers, rows: Integers, groups: int) -> tuple[Floats, Integers]:
    """The median of each of `groups` groups, NaN where it has none, and how many rows that is of.

    Value i is that of `rows[i]` rows; NaN is no value.
    """
    known = ~np.isnan(values) & (rows > 0)
    order = np.lexsort((values[known], group[known]))
    value, count = values[known][order], rows[known][order].astype("int64")
    size = np.bincount(group[known][order], count, groups).astype("int64")
    if not len(value):
        return np.full(groups, np.nan), size
    upto = np.cumsum(count)
    start = np.cumsum(size) - size
    last = len(value) - 1
    lower = value[np.searchsorted(upto, start + (size - 1) // 2, side="right").clip(max=last)]
    upper = value[np.searchsorted(upto, start + size // 2, side="right").clip(max=last)]
    return np.where(size > 0, (lower + upper) / 2, np.nan), size
