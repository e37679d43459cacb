"""Rows on disk: written as they come, read back by user and time, a bounded number of them in memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

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


class Spool:
    """Rows in the order of the input, a file a piece."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._pieces: list[Path] = []

    def add(self, rows: Rows) -> None:
        """Keep one more piece."""
        piece = self._folder / f"piece-{len(self._pieces)}"
        _append(piece, rows)
        self._pieces.append(piece)

    def by_user(
        self, users: Places, items: Places, rows_of_user: npt.NDArray[np.int64], most: int
    ) -> Iterator[Rows]:
        """Blocks of whole users, sorted by user and time; rows of one user and time keep the order of the input.

        `users` and `items` are the final numbers of those that were written. A block has about `most` rows, or as
        many as one user has. Each file is deleted as soon as it is read: nothing is on disk twice.
        """
        starts = np.cumsum(rows_of_user) - rows_of_user
        _, block_of_user = np.unique(starts // most, return_inverse=True)
        blocks = [
            self._folder / f"block-{number}" for number in range(int(block_of_user.max(initial=-1)) + 1)
        ]
        for piece in self._pieces:
            rows = np.fromfile(piece, ROW)
            piece.unlink()
            rows["user_id"], rows["item_id"] = users[rows["user_id"]], items[rows["item_id"]]
            block = block_of_user[rows["user_id"]]
            rows = rows[np.argsort(block, kind="stable")]
            ends = np.cumsum(np.bincount(block, minlength=len(blocks)))
            for file, start, end in zip(blocks, [0, *ends[:-1]], ends, strict=True):
                if end > start:
                    _append(file, rows[start:end])
        for file in blocks:
            rows = np.fromfile(file, ROW)
            file.unlink()
            yield rows[np.lexsort((rows["timestamp"], rows["user_id"]))]


class Columns:
    """Sorted rows, a file a column: each can be read alone, from any row to any other."""

    def __init__(self, folder: Path) -> None:
        self._files = {name: folder / name for name in ROW.names or ()}
        self.rows = 0

    def add(self, columns: dict[str, npt.NDArray[Any]]) -> None:
        """Some more rows, in the types of `ROW`."""
        for name, file in self._files.items():
            _append(file, np.ascontiguousarray(columns[name], ROW[name]))
        self.rows += len(columns["user_id"])

    def read(self, name: str, start: int, stop: int) -> npt.NDArray[Any]:
        """The column's rows from `start` to before `stop`."""
        kind = ROW[name]
        return np.fromfile(self._files[name], kind, count=stop - start, offset=start * kind.itemsize)


def _append(file: Path, rows: npt.NDArray[Any]) -> None:
    try:
        with file.open("ab") as stream:
            stream.write(rows.view(np.uint8).data)
    except OSError as error:
        raise OSError(
            f"{file.parent} has no room for the rows while they are sorted ({error.strerror}): they take about 50 "
            "bytes each; free some space or point TMPDIR to a larger disk"
        ) from error
