"""Descriptions that come with every interaction, each distinct one kept once."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas import DataFrame, Series

from model.data.column import distinct

__all__ = ["descriptions_of"]


def descriptions_of(texts: dict[str, Series]) -> tuple[DataFrame, npt.NDArray[np.int32]]:
    """The distinct combinations of `texts` (columns by name, missing as ""), and which one each row has."""
    combination = np.zeros(len(next(iter(texts.values()))), dtype="int64")
    for column in texts.values():
        codes, values = distinct(column)
        combination = combination * (len(values) + 1) + codes + 1
    row, firsts = pd.factorize(combination)
    first = np.zeros(len(firsts), dtype="int64")
    # Backwards, so that the first row of each combination is the one that stays.
    first[row[::-1]] = np.arange(len(row))[::-1]
    table = DataFrame({name: _plain(column.take(first)) for name, column in texts.items()})
    return table, row.astype("int32")


def _plain(column: Series) -> Series:
    return column.astype("object").where(column.notna(), "").astype("str").str.strip().reset_index(drop=True)
