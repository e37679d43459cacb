"""The release's own tables: what an index is called and costs, and what a user bought lately."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Self

import numpy as np
import pandas as pd

from model.artifact import Artifact
from serving.history import History
from serving.published import PRIVATE_FILES

__all__ = ["Catalogue", "Item"]

SECONDS_PER_DAY = 86_400
NO_HISTORIES = pd.DataFrame(
    {
        "user_id": pd.Series(dtype=str),
        "item_index": pd.Series(dtype="int32"),
        "timestamp": pd.Series(dtype="datetime64[us, UTC]"),
    }
)


@dataclass(frozen=True)
class Item:
    """One row of items.parquet; `price` is NaN where the data has none."""

    index: int
    item_id: str
    title: str
    category: str
    brand: str
    price: float


@dataclass(frozen=True)
class Catalogue:
    """`items` by catalogue index; `histories` with user_id, item_index and timestamp."""

    digest: str
    items: pd.DataFrame
    histories: pd.DataFrame

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read the tables of a release; ValueError if it is damaged or not there.

        A release that came from a store brings no histories.
        """
        release = Artifact.load(folder, may_lack=PRIVATE_FILES)
        items = pd.read_parquet(release.file("items.parquet"))
        histories = release.file("histories.parquet")
        return cls(
            release.digest,
            items if items.index.name == "item_index" else items.set_index("item_index"),
            pd.read_parquet(histories) if histories.exists() else NO_HISTORIES,
        )

    def newest_event(self) -> datetime:
        """When the recorded data ends; ages count from here, so that a recording does not grow old."""
        newest: datetime = self.histories["timestamp"].max().to_pydatetime()
        return newest

    def newest_user(self) -> str:
        """Who the last event of the recorded data belongs to."""
        return str(self.histories["user_id"].iloc[int(self.histories["timestamp"].argmax())])

    def history(self, user_id: str, at: datetime) -> History:
        """The user's events before or at `at`; empty for a user without any."""
        events = self.histories[self.histories["user_id"] == user_id]
        events = events[events["timestamp"] <= at].sort_values("timestamp", kind="stable")
        days = (at - events["timestamp"]).dt.total_seconds() / SECONDS_PER_DAY
        return History(
            events["item_index"].to_numpy(np.int64),
            days.to_numpy(np.float32) if len(days) else np.empty(0, np.float32),
        )

    def index_of(self, item_id: str) -> int:
        """The catalogue index of an item; ValueError if the release does not know it."""
        if (found := self.indices.get(item_id)) is None:
            example = self.items["item_id"].iloc[0]
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
        return dict(zip(self.items["item_id"].tolist(), self.items.index.tolist(), strict=True))

    @cached_property
    def _rows(self) -> dict[int, Item]:
        columns = (self.items[name].tolist() for name in ("item_id", "title", "category", "brand", "price"))
        return {row[0]: Item(*row) for row in zip(self.items.index.tolist(), *columns, strict=True)}

    def popular(self, k: int) -> list[Item]:
        """The `k` items sold most, best first; ValueError if there are not that many."""
        if not 1 <= k <= len(self.items):
            raise ValueError(f"k is {k}; ask for 1 to {len(self.items)} items, the catalogue's size")
        best = self.items["sales"].sort_values(ascending=False, kind="stable").index[:k]
        return [self.item(int(index)) for index in best]
