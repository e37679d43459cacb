"""Interest tags: what each user's training events lean to, recent ones most."""

from __future__ import annotations

import numpy as np
from pandas import DataFrame, Series

from model.data.category import codes, prefixes

__all__ = ["interests"]

HALF_LIFE_DAYS = 60.0
# Names that a person takes in at a glance.
TOP = 5
INTEREST_LEVEL = 2


def interests(training: DataFrame, items: DataFrame, users: int) -> Series:
    """One text a user: the top categories with their share of the decayed affinity; "" without any.

    `training` are events (user_index, item_index, day), `items` the catalogue. An event counts
    0.5 ** (age / `HALF_LIFE_DAYS`), whatever its quantity: twelve cans are one wish.
    """
    names = prefixes(items["category"], INTEREST_LEVEL)
    category_of_item = np.append(0, codes(names))
    name_of_category = dict(zip(category_of_item[1:], names, strict=True))
    # Shares are the same from whichever day ages are counted.
    age = training["day"].max() - training["day"]
    affinity = DataFrame(
        {
            "user": training["user_index"].to_numpy(),
            "category": category_of_item[training["item_index"]],
            "weight": np.exp2(-age.to_numpy() / HALF_LIFE_DAYS),
        }
    )
    affinity = (
        affinity[affinity["category"] > 0].groupby(["user", "category"], as_index=False)["weight"].sum()
    )
    affinity["share"] = affinity["weight"] / affinity.groupby("user")["weight"].transform("sum")
    affinity = affinity.sort_values(["user", "share", "category"], ascending=[True, False, True])
    top = affinity[affinity.groupby("user").cumcount() < TOP]
    tag = top["category"].map(name_of_category).str.cat([f" {share:.0%}" for share in top["share"]])
    return tag.groupby(top["user"]).agg(", ".join).reindex(range(users), fill_value="").astype("str")
