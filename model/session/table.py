"""Sessions as the UCI data set "Online Shoppers Purchasing Intention" has them (Sakar et al., 2018).

https://doi.org/10.1007/s00521-018-3523-0
S = sessions, F = numbers of a session, K = kinds of a session
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas import DataFrame, Series

from model.data.delimited import read_csv

__all__ = ["BOUGHT", "LEAK", "Columns", "read"]

BOUGHT = "Revenue"
# What the pages of a session were worth in transactions: known for certain only once somebody has bought.
LEAK = "PageValues"
NUMBERS = (
    "Administrative",
    "Administrative_Duration",
    "Informational",
    "Informational_Duration",
    "ProductRelated",
    "ProductRelated_Duration",
    "BounceRates",
    "ExitRates",
    LEAK,
    "SpecialDay",
)
KINDS = ("Month", "OperatingSystems", "Browser", "Region", "TrafficType", "VisitorType", "Weekend")
_TRUTH = {"TRUE": True, "FALSE": False}
_HEADING_LINES = 1
_ROWS_AT_A_TIME = 1 << 20


def read(path: Path) -> DataFrame:
    """A row a session: numbers of 0 or more, kinds as text, and whether it ended with a purchase.

    ValueError names the file, the line and the remedy.
    """
    pieces, asides = zip(*read_csv(path, [*NUMBERS, *KINDS, BOUGHT], _ROWS_AT_A_TIME), strict=True)
    rows, refused = pd.concat(pieces, ignore_index=True), pd.concat(asides)
    if len(refused):
        raise ValueError(f"{path} {refused['row'].iloc[0]} has too few or too many fields; correct the file")
    sessions = DataFrame({column: _numbers(path, rows[column]) for column in NUMBERS})
    for column in KINDS:
        texts = rows[column].astype("str")
        _check(path, rows[column], rows[column].notna(), "a name or number")
        sessions[column] = texts
    bought = rows[BOUGHT].astype("str").str.upper().map(_TRUTH)
    _check(path, rows[BOUGHT], bought.notna(), "TRUE or FALSE")
    return sessions.assign(**{BOUGHT: bought.astype(bool)})


def _numbers(path: Path, column: Series) -> Series:
    numbers = pd.to_numeric(column.astype("str"), errors="coerce")
    _check(path, column, numbers.between(0, np.inf, inclusive="left"), "a number of 0 or more")
    return numbers.astype(float)


def _check(path: Path, column: Series, good: Series, wanted: str) -> None:
    wrong = np.flatnonzero(~good.to_numpy())
    if len(wrong):
        line = int(wrong[0]) + 1 + _HEADING_LINES
        raise ValueError(
            f"{path} line {line}: {column.name} is {column.iloc[wrong[0]]!r}, and {len(wrong):,} of {len(column):,} "
            f"lines are like it; it must be {wanted}: correct the file"
        )


@dataclass(frozen=True)
class Columns:
    """How columns become numbers, fitted on training sessions alone."""

    mean_F: Series
    deviation_F: Series
    kinds: dict[str, pd.Index]

    @classmethod
    def of(cls, training: DataFrame) -> Self:
        """What the columns of `training` hold; a column that it lacks is not used."""
        logs_SF = _logs(training)
        deviation_F = logs_SF.std(ddof=0)
        kinds = {column: pd.Index(training[column].unique()).sort_values() for column in KINDS}
        return cls(logs_SF.mean(), deviation_F.where(deviation_F > 0, 1.0), kinds)

    @property
    def sizes(self) -> list[int]:
        """How many codes each kind has."""
        return [len(known) + 1 for known in self.kinds.values()]

    def numbers(self, sessions: DataFrame) -> NDArray[np.float32]:
        """Standardised log1p [S, F]: durations and counts have long tails."""
        scaled = (_logs(sessions)[self.mean_F.index] - self.mean_F) / self.deviation_F
        return scaled.to_numpy(np.float32)

    def codes(self, sessions: DataFrame) -> NDArray[np.int64]:
        """Codes [S, K]; 0 is what training did not hold."""
        found = [known.get_indexer(pd.Index(sessions[column])) + 1 for column, known in self.kinds.items()]
        return np.stack(found, 1).astype(np.int64)


def _logs(sessions: DataFrame) -> DataFrame:
    return sessions[[column for column in NUMBERS if column in sessions]].apply(np.log1p)
