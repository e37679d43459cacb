"""The interactions that can be believed, by user and time: on disk, so that there may be more than memory holds."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO, cast

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas import Categorical, CategoricalDtype, DataFrame, DatetimeIndex, Index, RangeIndex, Timestamp

from model.data.clean import SETTLED, believable, settled
from model.data.config import DataConfig
from model.data.fingerprint import Column
from model.data.names import Names
from model.data.refusal import Aside
from model.data.schema import EVENT_DTYPE, EVENTS, INTERACTIONS, Tables
from model.data.source import read
from model.data.spool import ROW, Columns, Open, Spool

__all__ = ["Block", "Interactions", "sorted_interactions"]

Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Block:
    """All rows of the users from number `first_user` on, `users` of them: canonical, indexed by input row."""

    first_user: int
    users: int
    rows: DataFrame


@dataclass(frozen=True, kw_only=True)
class _Bounds:
    first_user: int
    last_user: int
    start: int
    stop: int


class Interactions:
    """The cleaned interactions of a source, and what was found on the way.

    `user_ids` and `item_ids` are sorted, `descriptions` are numbered as the rows name them, `read` counts the rows of
    the input, `priced` is False where it knows no prices. First `take`, then `settle`; then there is all the rest.
    """

    def __init__(self, opened: Open) -> None:
        self.aside = Aside()
        self.read = 0
        self.priced = True
        self.user_ids: Index = Index([], dtype="str")
        self.item_ids: Index = Index([], dtype="str")
        self.descriptions = DataFrame()
        self._times: list[int] = []
        self._users, self._items = Names(), Names()
        self._spool, self._columns = Spool(opened), Columns(opened)
        self._blocks: list[_Bounds] = []

    @property
    def kept(self) -> int:
        """How many rows are left."""
        return self._columns.rows

    @property
    def first(self) -> Timestamp:
        """The time of the first row of all."""
        return pd.Timestamp(min(self._times), unit="us", tz="UTC").as_unit("us")

    def take(self, pieces: Iterator[Tables], say: Say) -> None:
        """Read all pieces of a source and keep the rows that can be believed by themselves."""
        descriptions = []
        position = 0
        for piece in pieces:
            rows = piece.interactions.set_axis(RangeIndex(position, position + len(piece.interactions)))
            position += len(rows)
            self.read += piece.read
            self.priced = piece.priced
            descriptions.append(piece.descriptions)
            kept, aside = believable(rows)
            self.aside.add({"": piece.refused, **aside})
            if len(kept):
                self._spool.add(self._narrow(kept))
            say(f"{self.read:,} rows read")
        self.descriptions = pd.concat(descriptions, ignore_index=True) if descriptions else DataFrame()

    def _narrow(self, kept: DataFrame) -> npt.NDArray[np.void]:
        rows = np.empty(len(kept), ROW)
        rows["user_id"], rows["item_id"] = self._users.add(kept["user_id"]), self._items.add(kept["item_id"])
        rows["event"] = kept["event"].cat.codes
        rows["timestamp"] = kept["timestamp"].astype("int64")
        for name in ("value", "price", "description"):
            rows[name] = kept[name]
        rows["input_row"] = kept.index
        self._times.append(int(rows["timestamp"].min()))
        return rows

    def settle(self, most: int, say: Say) -> None:
        """Sort what was read, `most` rows at a time, and have it repaired."""
        self.user_ids, users, rows_of_user = self._users.sorted()
        self.item_ids, items, _ = self._items.sorted()
        self._users, self._items = Names(), Names()
        for rows in self._spool.by_user(users, items, rows_of_user, most):
            first, last = int(rows["user_id"][0]), int(rows["user_id"][-1])
            columns = {name: np.ascontiguousarray(rows[name]) for name in ROW.names or ()}
            kept, aside = settled(self._frame(columns, first, last), priced=self.priced)
            self.aside.add(aside)
            start = self.kept
            self._columns.add(
                {
                    **{name: kept[name].to_numpy() for name in ("value", "price", "description")},
                    "user_id": kept["user_id"].cat.codes.to_numpy("int32") + first,
                    "item_id": kept["item_id"].cat.codes.to_numpy(),
                    "event": kept["event"].cat.codes.to_numpy(),
                    "timestamp": kept["timestamp"].astype("int64").to_numpy(),
                    "input_row": kept.index.to_numpy(),
                }
            )
            self._blocks.append(_Bounds(first_user=first, last_user=last, start=start, stop=self.kept))
            say(f"{self.kept:,} rows sorted")
        self.aside.in_input_order(SETTLED)

    def blocks(self) -> Iterator[Block]:
        """All rows, some whole users at a time."""
        for block in self._blocks:
            columns = {name: self._columns.read(name, block.start, block.stop) for name in ROW.names or ()}
            rows = self._frame(columns, block.first_user, block.last_user)
            yield Block(first_user=block.first_user, users=block.last_user - block.first_user + 1, rows=rows)

    def _frame(self, columns: dict[str, npt.NDArray[Any]], first: int, last: int) -> DataFrame:
        items = CategoricalDtype(self.item_ids)
        return DataFrame(
            {
                "user_id": Categorical.from_codes(
                    columns["user_id"] - first, categories=self.user_ids[first : last + 1]
                ),
                "item_id": Categorical.from_codes(columns["item_id"], dtype=items),
                "event": Categorical.from_codes(columns["event"], dtype=EVENT_DTYPE),
                "value": columns["value"],
                "price": columns["price"],
                "timestamp": DatetimeIndex(columns["timestamp"].view("datetime64[us]"), tz="UTC"),
                "description": columns["description"],
            },
            index=Index(columns["input_row"]),
        )

    def columns(self) -> dict[str, Column]:
        """Every canonical column in pieces, for the fingerprint."""
        categories = {"user_id": self.user_ids, "item_id": self.item_ids, "event": Index(EVENTS)}
        return {
            name: Column(pieces=self._pieces(name), categories=categories.get(name))
            for name in INTERACTIONS.columns
        }

    def _pieces(self, name: str) -> Iterator[npt.NDArray[Any]]:
        for block in self._blocks:
            yield self._columns.read(name, block.start, block.stop)


@contextmanager
def sorted_interactions(config: DataConfig, most: int, say: Say) -> Iterator[Interactions]:
    """Read, clean and sort the configured data, about `most` rows at a time.

    The rows lie in temporary files that have no names: they go with the context, and with a process that is killed.
    """
    with ExitStack() as files:
        found = Interactions(lambda: cast("BinaryIO", files.enter_context(tempfile.TemporaryFile())))
        found.take(read(config, most), say)
        found.settle(most, say)
        yield found
