"""Columns of a release's Parquet files, read by arrow-rs: 34 MB in an image, where pandas with pyarrow takes 210."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from arro3.core import ChunkedArray, DataType
from arro3.core import Table as ArrowTable
from arro3.io import read_parquet
from numpy.typing import NDArray

__all__ = ["Table"]

# arrow-rs takes 1,024 rows at a time by itself, which makes ten times as many pieces to put together.
BATCH_ROWS = 1 << 14


@dataclass(frozen=True)
class Table:
    """One file; a column that is not there is a ValueError."""

    file: Path
    _columns: ArrowTable

    @classmethod
    def read(cls, file: Path) -> Self:
        """Read everything; ValueError if the file is none of Parquet's."""
        try:
            return cls(file, read_parquet(file, batch_size=BATCH_ROWS).read_all())
        # arrow-rs has one class for whatever it cannot read.
        except Exception as error:
            raise ValueError(f"{file} cannot be read ({error}); build the release again") from error

    def __len__(self) -> int:
        return self._columns.num_rows

    def texts(self, name: str) -> Sequence[str]:
        """A column of text."""
        return list(self._column(name).to_pylist())

    def whole(self, name: str) -> NDArray[np.int64]:
        """A column of whole numbers."""
        return self._column(name).cast(DataType.int64()).to_numpy()

    def real(self, name: str) -> NDArray[np.float64]:
        """A column of numbers, NaN where there is none."""
        return np.array(self._column(name).cast(DataType.float64()).to_pylist(), np.float64)

    def moments(self, name: str) -> NDArray[np.datetime64]:
        """A column of moments, in UTC and microseconds."""
        unit = DataType.timestamp("us", tz="UTC")
        return self._column(name).cast(unit).cast(DataType.int64()).to_numpy().view("datetime64[us]")

    def _column(self, name: str) -> ChunkedArray:
        if name not in self._columns.column_names:
            raise ValueError(f"{self.file} has no column {name}; build the release again")
        return self._columns[name]
