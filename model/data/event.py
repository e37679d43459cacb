"""The events that a model reads: indices instead of ids, one event for an item repeated within a basket."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas import Categorical, DataFrame, DatetimeIndex, RangeIndex, Series, Timestamp

from model.data.schema import EVENT_DTYPE
from model.data.split import PART_DTYPE

__all__ = ["DAY", "Events", "event_table"]

DAY = pd.Timedelta(days=1)
_TYPES = {
    "user_index": "int32",
    "item_index": "int32",
    "basket": "int32",
    "day": "float64",
    "event": "int8",
    "value": "float64",
    "timestamp": "datetime64[us]",
    "part": "int8",
}


def event_table(
    rows: DataFrame, first_user: int, index_of_item: npt.NDArray[np.int32], start: Timestamp
) -> DataFrame:
    """Sorted, split interactions of the users from `first_user` on as events.

    `index_of_item` has the index of each item category: 0 where the catalogue lacks it. Days count from `start`.
    """
    events = DataFrame(
        {
            "user_index": rows["user_id"].cat.codes.astype("int32") + np.int32(first_user),
            "item_index": index_of_item[rows["item_id"].cat.codes],
            "basket": rows["basket"],
            "day": (rows["timestamp"] - start) / DAY,
            "event": rows["event"],
            "value": rows["value"],
            "timestamp": rows["timestamp"],
            "part": rows["part"],
        }
    )
    return _merged(events, rows["item_id"].cat.codes)


def _merged(events: DataFrame, item: Series) -> DataFrame:
    """Repeated rows of one item, event and basket as one event with the summed value."""
    keys = events[["user_index", "basket", "event"]].assign(item=item)
    repeated = keys.duplicated()
    if not repeated.any():
        return events
    group = keys.groupby(list(keys), observed=True, sort=False).ngroup()
    total = np.bincount(group, weights=events["value"])
    return events.assign(value=total[group])[~repeated].reset_index(drop=True)


class Events:
    """The events of all users, put together from blocks of them: 38 bytes each, and nothing is copied."""

    def __init__(self, most: int) -> None:
        # Memory that no event is written to is not taken.
        self._columns: dict[str, npt.NDArray[Any]] = {
            name: np.empty(most, kind) for name, kind in _TYPES.items()
        }
        self._rows = 0

    def add(self, events: DataFrame) -> None:
        """The events of the next users."""
        place = slice(self._rows, self._rows + len(events))
        for name, column in self._columns.items():
            added = events[name]
            if name in ("event", "part"):
                column[place] = added.cat.codes
            elif name == "timestamp":
                column[place] = added.dt.tz_localize(None)
            else:
                column[place] = added
        self._rows = place.stop

    def table(self) -> DataFrame:
        """All of them, as `Prepared` describes."""
        columns: dict[str, Any] = {name: column[: self._rows] for name, column in self._columns.items()}
        columns["event"] = Categorical.from_codes(columns["event"], dtype=EVENT_DTYPE)
        columns["part"] = Categorical.from_codes(columns["part"], dtype=PART_DTYPE)
        columns["timestamp"] = DatetimeIndex(columns["timestamp"], tz="UTC", copy=False)
        return DataFrame(columns, index=RangeIndex(self._rows), copy=False)
