"""The split: of each user, the last basket (or item) is the test, the one before it the validation."""

from __future__ import annotations

import numpy as np
from pandas import Categorical, CategoricalDtype, DataFrame

__all__ = ["MIN_BASKETS", "PARTS", "PART_DTYPE", "TRAIN", "split"]

TRAIN = "train"
PARTS = (TRAIN, "validation", "test")
PART_DTYPE = CategoricalDtype(list(PARTS))
# One basket to learn from, one to choose by, one to judge by.
MIN_BASKETS = 3


def split(interactions: DataFrame, holdout: str) -> DataFrame:
    """The basket (running number within the user, int32) and the part of each of the sorted interactions.

    Events of one user with the same timestamp are one basket; with `holdout` "item" every event is its own.
    Users with fewer than `MIN_BASKETS` baskets have training events only.
    """
    user = interactions["user_id"].cat.codes.to_numpy()
    time = interactions["timestamp"].astype("int64").to_numpy()
    starts = np.append(True, user[1:] != user[:-1])
    opens = (
        starts | np.append(True, time[1:] != time[:-1]) if holdout == "basket" else np.ones(len(user), bool)
    )
    running = np.cumsum(opens) - 1
    person = np.cumsum(starts) - 1
    first = running[starts]
    baskets = np.append(first[1:], running[-1] + 1) - first
    basket = running - first[person]
    left = (baskets[person] - 1 - basket).clip(max=2)
    part = np.where(baskets[person] < MIN_BASKETS, 0, 2 - left).astype("int8")
    return DataFrame(
        {
            "basket": basket.astype("int32"),
            "part": Categorical.from_codes(part, dtype=PART_DTYPE),
        },
        index=interactions.index,
    )
