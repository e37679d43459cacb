"""Interest tags: what each user's training events lean to, recent ones most."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from pandas import DataFrame, Index, Series

from model.data.category import codes, prefixes

__all__ = ["interests"]

HALF_LIFE_DAYS = 60.0
# Names that a person takes in at a glance.
TOP = 5
INTEREST_LEVEL = 2
_PERCENT = Series([f" {percent}%" for percent in range(101)], dtype="str")


def interests(training: DataFrame, items: DataFrame, users: range, today: float) -> Series:
    """One text for each of `users`: the top categories with their share of the decayed affinity; "" without any.

    `training` are their events (user_index, item_index, day), `items` the catalogue. An event counts
    0.5 ** (age / `HALF_LIFE_DAYS`), whatever its quantity: twelve cans are one wish. Shares are the same whichever
    day is `today`; with the newest training event's, no weight is too small for a float.
    """
    names = prefixes(items["category"], INTEREST_LEVEL)
    category_of_item = np.append(0, codes(names))
    name_of_category = dict(zip(category_of_item[1:], names, strict=True))
    top = _top(training, category_of_item[training["item_index"]], today)
    percent = np.rint(100 * top["share"]).astype("int64")
    tag = top["category"].map(name_of_category).astype("str") + _PERCENT.take(percent).set_axis(top.index)
    text = Series("", index=Index(users), dtype="str")
    for place in range(TOP):
        of_place = tag[top["place"] == place].set_axis(top.loc[top["place"] == place, "user"])
        text += ((", " if place else "") + of_place).reindex(text.index, fill_value="")
    return text


def _top(training: DataFrame, category: npt.NDArray[np.int32], today: float) -> DataFrame:
    """Each user's `TOP` categories by share: user, category, share, place from 0 on; best first."""
    age = (today - training["day"]).to_numpy()
    weights = DataFrame(
        {
            "user": training["user_index"].to_numpy(),
            "category": category,
            "weight": np.exp2(-age / HALF_LIFE_DAYS),
        }
    )
    affinity = weights[category > 0].groupby(["user", "category"])["weight"].sum().reset_index()
    share = affinity["weight"] / affinity.groupby("user")["weight"].transform("sum")
    ranked = affinity.assign(share=share).sort_values(
        ["user", "share", "category"], ascending=[True, False, True]
    )
    ranked["place"] = ranked.groupby("user").cumcount()
    return ranked[ranked["place"] < TOP]
