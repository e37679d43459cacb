"""What the catalogue needs to know of the training rows, whose number does not matter to it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas import DataFrame

__all__ = ["Points", "points"]

_KEYS = ["item", "description", "price"]


class Points:
    """Adds up the points of blocks; `table` has each point once, in the order in which they were met."""

    def __init__(self) -> None:
        self._parts: list[DataFrame] = []

    def add(self, training: DataFrame) -> None:
        """Training rows of the sorted interactions, which go on where those before ended."""
        self._parts.append(points(training))
        while len(self._parts) > 1 and len(self._parts[-2]) <= 2 * len(self._parts[-1]):
            # Like sizes only, so that no row is added up more often than there are doublings.
            self._parts[-2:] = [_merged(self._parts[-2:])]

    def table(self) -> DataFrame:
        """All of them."""
        return _merged(self._parts)


def points(training: DataFrame) -> DataFrame:
    """The distinct item (as a number), description and price of some training rows, and what is known of each.

    `rows` counts them, `bought` those that are purchases and `units` what these bought; `newest` is the time of
    the newest, in microseconds since 1970.
    """
    bought = (training["event"] == "purchase").to_numpy()
    return _merged(
        [
            DataFrame(
                {
                    "item": training["item_id"].cat.codes.to_numpy("int32"),
                    "description": training["description"].to_numpy(),
                    "price": training["price"].to_numpy(),
                    "rows": np.ones(len(training), "int64"),
                    "bought": bought.astype("int64"),
                    "units": np.where(bought, training["value"], 0.0),
                    "newest": training["timestamp"].astype("int64").to_numpy(),
                }
            )
        ]
    )


def _merged(parts: list[DataFrame]) -> DataFrame:
    """One row for all that are alike in item, description and price; a missing price is like another one."""
    rows = pd.concat(parts, ignore_index=True) if len(parts) > 1 else parts[0]
    code = np.zeros(len(rows), "int64")
    for key in _KEYS:
        numbers, values = pd.factorize(rows[key])
        code, _ = pd.factorize(code * (len(values) + 1) + numbers + 1)
    count = int(code.max(initial=-1)) + 1
    first = np.zeros(count, "int64")
    # Backwards, so that the first row of each stays.
    first[code[::-1]] = np.arange(len(code))[::-1]
    newest = np.full(count, np.iinfo("int64").min)
    np.maximum.at(newest, code, rows["newest"].to_numpy())
    return (
        rows[_KEYS]
        .take(first)
        .assign(
            rows=_sums(code, rows["rows"], count).astype("int64"),
            bought=_sums(code, rows["bought"], count).astype("int64"),
            units=_sums(code, rows["units"], count),
            newest=newest,
        )
    )


def _sums(code: npt.NDArray[np.int64], values: pd.Series, count: int) -> npt.NDArray[np.float64]:
    return np.bincount(code, values, count).astype("float64", copy=False)
