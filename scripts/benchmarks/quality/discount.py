"""How much of its shelf price an item's buyers were spared, which of all sources The Complete Journey alone knows."""

from __future__ import annotations

import math
from dataclasses import replace

from pandas import DataFrame, Series

from model.data import Prepared
from model.data.completejourney import inputs
from model.data.parquet import read_parquet

__all__ = ["BANDS", "with_discounts"]

# As many as items have of sales.
BANDS = 10
_KEYS = ["household_id", "product_id", "transaction_timestamp"]


def with_discounts(prepared: Prepared) -> Prepared:
    """The same data with one more attribute of every item: its band of discounts, 1 to `BANDS`, in training alone."""
    taken_off = _taken_off(prepared).groupby("product_id")[["retail_disc", "sales_value"]].sum()
    share = taken_off["retail_disc"] / taken_off.sum(axis=1)
    bands = share.dropna().rank(pct=True).mul(BANDS).map(math.ceil)
    listed = [(bands[item],) if item in bands.index else () for item in prepared.items["item_id"]]
    return replace(
        prepared, items=prepared.items.assign(attributes=Series(listed, prepared.items.index, dtype=object))
    )


def _taken_off(prepared: Prepared) -> DataFrame:
    """The rows of the training part as the shop wrote them, with what the card took off the shelf price."""
    purchases_file, _ = inputs("")
    purchases = read_parquet(purchases_file, [*_KEYS, "retail_disc", "sales_value"])
    purchases = purchases.astype({"household_id": str, "product_id": str})
    events = prepared.events[(prepared.events["part"] == "train") & (prepared.events["item_index"] > 0)]
    training = DataFrame(
        {
            "household_id": prepared.users["user_id"].astype(str).loc[events["user_index"]].to_numpy(),
            "product_id": prepared.items["item_id"].astype(str).loc[events["item_index"]].to_numpy(),
            "transaction_timestamp": events["timestamp"].dt.tz_localize(None).to_numpy(),
        }
    ).drop_duplicates()
    return purchases.merge(training, on=_KEYS)
