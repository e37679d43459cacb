"""The release's own tables: what an index is called and costs, and what a user bought lately.

V = items, T = events of one user
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from model.artifact import PRIVATE_FILES, Artifact
from serving.history import History
from serving.table import Table

__all__ = ["Catalogue", "Item", "Items", "Recorded"]

SECONDS_PER_DAY = 86_400


@dataclass(frozen=True)
class Item:
    """One row of items.parquet; `price` is NaN where the data has none."""

    index: int
    item_id: str
    title: str
    category: str
    brand: str
    price: float


@dataclass(frozen=True, kw_only=True)
class Items:
    """items.parquet by columns, each with an entry for every item; `index` [V] is what the model calls it."""

    index: NDArray[np.int64]
    item_id: Sequence[str]
    title: Sequence[str]
    category: Sequence[str]
    brand: Sequence[str]
    price: NDArray[np.float64]
    sales: NDArray[np.int64]

    @classmethod
    def read(cls, file: Path) -> Self:
        """Row by row as the model counts them: 0 is its padding, so the first item is 1."""
        table = Table.read(file)
        texts = {name: table.texts(name) for name in ("item_id", "title", "category", "brand")}
        return cls(
            index=np.arange(1, len(table) + 1), price=table.real("price"), sales=table.whole("sales"), **texts
        )

    def __len__(self) -> int:
        return len(self.index)

    def by_sales(self) -> NDArray[np.int64]:
        """Where in the columns each item stands [V], what sold most first; of equals, what comes first."""
        return np.argsort(-self.sales, kind="stable")


@dataclass(frozen=True)
class Recorded:
    """The newest events of one user, oldest first: catalogue indices [T] and moments in UTC [T]."""

    items: NDArray[np.int64]
    at: NDArray[np.datetime64]


@dataclass(frozen=True)
class Catalogue:
    """What a release says of its items, and the recorded events of each user."""

    digest: str
    items: Items
    histories: Mapping[str, Recorded]

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read the tables of a release; ValueError if it is damaged or not there.

        A release that came from a store brings no histories.
        """
        release = Artifact.load(folder, may_lack=PRIVATE_FILES)
        items = Items.read(release.file("items.parquet"))
        histories = release.file("histories.parquet")
        return cls(release.digest, items, _histories(histories) if histories.exists() else {})

    def newest_event(self) -> datetime:
        """When the recorded data ends; ages count from here, so that a recording does not grow old."""
        return _moment(self.histories[self.newest_user()].at[-1])

    def newest_user(self) -> str:
        """Who the last event of the recorded data belongs to."""
        return max(self.histories, key=lambda user: self.histories[user].at[-1])

    def history(self, user_id: str, at: datetime) -> History:
        """The user's events before or at `at`; empty for a user without any."""
        if (recorded := self.histories.get(user_id)) is None:
            return History.empty()
        moment = np.datetime64(at.astimezone(UTC).replace(tzinfo=None), "us")
        known = recorded.at <= moment
        days = (moment - recorded.at[known]) / np.timedelta64(1, "D")
        return History(recorded.items[known], days.astype(np.float32))

    def index_of(self, item_id: str) -> int:
        """The catalogue index of an item; ValueError if the release does not know it."""
        if (found := self.indices.get(item_id)) is None:
            example = self.items.item_id[0]
            raise ValueError(
                f"item {item_id} is not in the release's catalogue; an item it knows is {example}"
            )
        return found

    def item(self, index: int) -> Item:
        """What a catalogue index stands for."""
        return self._rows[index]

    @cached_property
    def indices(self) -> dict[str, int]:
        """The catalogue index of every item id."""
        return dict(zip(self.items.item_id, self.items.index.tolist(), strict=True))

    @cached_property
    def _rows(self) -> dict[int, Item]:
        items = self.items
        columns = (items.item_id, items.title, items.category, items.brand, items.price.tolist())
        return {row[0]: Item(*row) for row in zip(items.index.tolist(), *columns, strict=True)}

    def popular(self, k: int) -> list[Item]:
        """The `k` items sold most, best first; ValueError if there are not that many."""
        if not 1 <= k <= len(self.items):
            raise ValueError(f"k is {k}; ask for 1 to {len(self.items)} items, the catalogue's size")
        best = self.items.index[self.items.by_sales()[:k]]
        return [self.item(index) for index in best.tolist()]


def _histories(file: Path) -> dict[str, Recorded]:
    table = Table.read(file)
    users, items, at = table.texts("user_id"), table.whole("item_index"), table.moments("timestamp")
    numbers: dict[str, int] = {}
    owners = np.fromiter((numbers.setdefault(user, len(numbers)) for user in users), np.int64, len(users))
    order = np.lexsort((at, owners))
    ends = np.cumsum(np.bincount(owners))[:-1]
    return {
        user: Recorded(items[those], at[those])
        # Of no rows at all, split still makes one part.
        for user, those in zip(numbers, np.split(order, ends), strict=False)
    }


def _moment(at: np.datetime64) -> datetime:
    return datetime.fromisoformat(str(at)).replace(tzinfo=UTC)
