"""Rows on disk: written as they come, read back by user and time, a bounded number of them in memory."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

__all__ = ["ROW", "Columns", "Spool"]

# One interaction; user, item and event as numbers, the time in microseconds since 1970.
ROW = np.dtype(
    [
        ("user_id", "int32"),
        ("item_id", "int32"),
        ("event", "int8"),
        ("value", "float64"),
        ("price", "float64"),
        ("timestamp", "int64"),
        ("description", "int32"),
        ("input_row", "int64"),
    ]
)

Rows = npt.NDArray[np.void]
Places = npt.NDArray[np.int32]
# Opens a file for the caller, who closes it.
Open = Callable[[], BinaryIO]


class Spool:
    """Rows in the order of the input, piece after piece."""

    def __init__(self, opened: Open) -> None:
        self._opened = opened
        self._file = opened()
        self._pieces = [0]

    def add(self, rows: Rows) -> None:
        """Keep one more piece."""
        _write(self._file, self._pieces[-1], rows)
        self._pieces.append(self._pieces[-1] + len(rows))

    def by_user(
        self, users: Places, items: Places, rows_of_user: npt.NDArray[np.int64], most: int
    ) -> Iterator[Rows]:
        """Blocks of whole users, sorted by user and time; rows of one user and time keep the order of the input.

        `users` and `items` are the final numbers of those that were written. A block has about `most` rows, or as
        many as one user has.
        """
        _, block_of_user = np.unique((np.cumsum(rows_of_user) - rows_of_user) // most, return_inverse=True)
        ends = np.cumsum(np.bincount(block_of_user, rows_of_user)).astype("int64")
        blocks = self._opened()
        places = np.concatenate([[0], ends[:-1]]).astype("int64")
        # From the last piece to the first, so that each can be cut off the file.
        for start, end in reversed(list(pairwise(self._pieces))):
            rows = _read(self._file, ROW, start, end)
            self._file.truncate(start * ROW.itemsize)
            rows["user_id"], rows["item_id"] = users[rows["user_id"]], items[rows["item_id"]]
            block = block_of_user[rows["user_id"]]
            rows = rows[np.argsort(block, kind="stable")]
            sizes = np.bincount(block, minlength=len(ends))
            for number in np.flatnonzero(sizes):
                some, rows = np.split(rows, [sizes[number]])
                _write(blocks, places[number], some)
            places += sizes
        for start, end in pairwise([0, *ends]):
            rows = _read(blocks, ROW, start, end)
            yield rows[np.lexsort((rows["input_row"], rows["timestamp"], rows["user_id"]))]
        blocks.close()


class Columns:
    """Sorted rows, a file a column: each can be read alone, from any row to any other."""

    def __init__(self, opened: Open) -> None:
        self._files = {name: opened() for name in ROW.names or ()}
        self.rows = 0

    def add(self, columns: dict[str, npt.NDArray[Any]]) -> None:
        """Some more rows, in the types of `ROW`."""
        for name, file in self._files.items():
            _write(file, self.rows, np.ascontiguousarray(columns[name], ROW[name]))
        self.rows += len(columns["user_id"])

    def read(self, name: str, start: int, stop: int) -> npt.NDArray[Any]:
        """The column's rows from `start` to before `stop`."""
        return _read(self._files[name], ROW[name], start, stop)


def _read(file: BinaryIO, kind: np.dtype[Any], start: int, stop: int) -> npt.NDArray[Any]:
    file.seek(start * kind.itemsize)
    return np.fromfile(file, kind, count=stop - start)


def _write(file: BinaryIO, start: int, rows: npt.NDArray[Any]) -> None:
    try:
        file.seek(start * rows.dtype.itemsize)
        file.write(rows.view(np.uint8).data)
        file.flush()
    except OSError as error:
        raise OSError(
            f"{tempfile.gettempdir()} has no room for the rows while they are sorted ({error.strerror}): they take "
            "100 bytes each; free some space or point TMPDIR to a larger disk"
        ) from error
