"""The release's own tables: what an index is called and costs, and what a user bought lately."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Self

import numpy as np
import pandas as pd

from model.artifact import Artifact
from serving.history import History

__all__ = ["Catalogue", "Item"]

SECONDS_PER_DAY = 86_400


@dataclass(frozen=True)
class Item:
    """One row of items.parquet; `price` is NaN where the data has none."""

    index: int
    item_id: str
    title: str
    category: str
    price: float


@dataclass(frozen=True)
class Catalogue:
    """`items` by catalogue index; `histories` with user_id, item_index and timestamp."""

    digest: str
    items: pd.DataFrame
    histories: pd.DataFrame

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read the tables of a release; ValueError if it is damaged or not there."""
        release = Artifact.load(folder)
        items = pd.read_parquet(release.file("items.parquet"))
        return cls(
            release.digest,
            items if items.index.name == "item_index" else items.set_index("item_index"),
            pd.read_parquet(release.file("histories.parquet")),
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
        found = self.items.index[self.items["item_id"] == item_id]
        if not len(found):
            example = self.items["item_id"].iloc[0]
            raise ValueError(
                f"item {item_id} is not in the release's catalogue; an item it knows is {example}"
            )
        return int(found[0])

    def item(self, index: int) -> Item:
        """What a catalogue index stands for."""
        row = self.items.loc[index].to_dict()
        return Item(index, str(row["item_id"]), str(row["title"]), str(row["category"]), float(row["price"]))

    def popular(self, k: int) -> list[Item]:
        """The `k` items sold most, best first; ValueError if there are not that many."""
        if not 1 <= k <= len(self.items):
            raise ValueError(f"k is {k}; ask for 1 to {len(self.items)} items, the catalogue's size")
        best = self.items["sales"].sort_values(ascending=False, kind="stable").index[:k]
        return [self.item(int(index)) for index in best]
