"""The events that a model reads: indices instead of ids, one event for an item repeated within a basket."""

from __future__ import annotations

import numpy as np
import pandas as pd
from pandas import DataFrame, Series

__all__ = ["event_table"]

_DAY = pd.Timedelta(days=1)


def event_table(rows: DataFrame, items: DataFrame) -> DataFrame:
    """The sorted, split interactions as events; item_index is 0 for items outside the catalogue `items`."""
    index_of = Series(items.index, index=items["item_id"]).reindex(
        rows["item_id"].cat.categories, fill_value=0
    )
    events = DataFrame(
        {
            "user_index": rows["user_id"].cat.codes.astype("int32"),
            "item_index": index_of.to_numpy("int32")[rows["item_id"].cat.codes],
            "basket": rows["basket"],
            "day": (rows["timestamp"] - rows["timestamp"].min()) / _DAY,
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
