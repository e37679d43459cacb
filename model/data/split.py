"""The split: of each user, the last basket (or item) is the test, the one before it the validation."""

from __future__ import annotations

import numpy as np
from pandas import Categorical, CategoricalDtype, DataFrame

__all__ = ["PARTS", "PART_DTYPE", "split"]

PARTS = ("train", "validation", "test")
PART_DTYPE = CategoricalDtype(PARTS)
# One basket to learn from, one to choose by, one to judge by.
MIN_BASKETS = 3


def split(interactions: DataFrame, holdout: str) -> DataFrame:
    """The basket (running number within the user, int32) and the part of each of the sorted interactions.

    Users with fewer than `MIN_BASKETS` baskets have training events only.
    """
    user = interactions["user_id"].cat.codes.to_numpy()
    starts = np.ones(len(user), dtype=bool)
    starts[1:] = user[1:] != user[:-1]
    opens = starts.copy()
    if holdout == "item":
        opens[:] = True
    else:
        time = interactions["timestamp"].astype("int64").to_numpy()
        opens[1:] |= time[1:] != time[:-1]
    running = np.cumsum(opens) - 1
    person = np.cumsum(starts) - 1
    basket = running - running[starts][person]
    size = (basket[np.append(starts[1:], True)] + 1)[person]
    left = size - 1 - basket
    part = np.where(left == 0, 2, np.where(left == 1, 1, 0))
    part = np.where(size < MIN_BASKETS, 0, part).astype("int8")
    return DataFrame(
        {"basket": basket.astype("int32"), "part": Categorical.from_codes(part, dtype=PART_DTYPE)}
    )
