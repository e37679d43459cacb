"""The names of users or items as numbers, while the whole of them is not known yet."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas import Index, Series

__all__ = ["Names"]


class Names:
    """Numbers names from 0 in the order in which they are met, and counts the rows of each."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._rows = np.zeros(0, "int64")

    def add(self, ids: Series) -> npt.NDArray[np.int32]:
        """The number of each row's name; `ids` is a categorical without missing values."""
        codes = ids.cat.codes.to_numpy()
        used = np.bincount(codes, minlength=len(ids.cat.categories)) > 0
        # What the piece knows and no row of it has, as where the row was refused, gets no number.
        names = ids.cat.categories[used].tolist()
        known = self._numbers
        numbers = np.zeros(len(used), "int32")
        numbers[used] = [known.setdefault(name, len(known)) for name in names]
        taken: npt.NDArray[np.int32] = numbers[codes]
        grown = np.bincount(taken, minlength=len(known))
        grown[: len(self._rows)] += self._rows
        self._rows = grown
        return taken

    def sorted(self) -> tuple[Index, npt.NDArray[np.int32], npt.NDArray[np.int64]]:
        """All names by alphabet, the place there of each number, and the rows of each place."""
        names = Index(pd.array(list(self._numbers), dtype="str"))
        order = names.argsort()
        places = np.empty(len(order), "int32")
        places[order] = np.arange(len(order), dtype="int32")
        return names.take(order), places, self._rows[order]
