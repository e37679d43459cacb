"""Descriptions that come with every interaction, each distinct one kept once."""

from __future__ import annotations

from collections.abc import Hashable

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas import DataFrame, Series

from model.data.column import distinct

__all__ = ["Descriptions"]


class Descriptions:
    """Numbers the distinct combinations of texts, in the order in which they are met, over all pieces of a source."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[Hashable, ...], int] = {}

    def add(self, texts: dict[str, Series]) -> tuple[DataFrame, npt.NDArray[np.int32]]:
        """Combinations of `texts` (columns by name) never met before, missing as ""; and the number of each row's."""
        row, first = _combinations(texts)
        known = len(self._numbers)
        keys = zip(*(_values(column.take(first)) for column in texts.values()), strict=True)
        numbers = np.array([self._numbers.setdefault(key, len(self._numbers)) for key in keys], dtype="int32")
        fresh = first[numbers >= known]
        table = DataFrame({name: _plain(column.take(fresh)) for name, column in texts.items()})
        taken: npt.NDArray[np.int32] = numbers[row]
        return table, taken


def _combinations(texts: dict[str, Series]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Which combination each row has, and the first row of each combination."""
    combination = np.zeros(len(next(iter(texts.values()))), dtype="int64")
    for column in texts.values():
        codes, values = distinct(column)
        combination = combination * (len(values) + 1) + codes + 1
    row, firsts = pd.factorize(combination)
    first = np.zeros(len(firsts), dtype="int64")
    # Backwards, so that the first row of each combination is the one that stays.
    first[row[::-1]] = np.arange(len(row))[::-1]
    return row, first


def _values(column: Series) -> list[Hashable]:
    values: list[Hashable] = column.astype("object").where(column.notna(), None).tolist()
    return values


def _plain(column: Series) -> Series:
    return column.astype("object").where(column.notna(), "").astype("str").str.strip().reset_index(drop=True)
