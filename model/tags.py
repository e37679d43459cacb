"""Item information as codes that the network can look up.

V = items, A = attributes an item can carry
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from model.data import Prepared

__all__ = ["ItemTags"]

_CODE_COLUMNS = ("category_1", "category_2", "category_3", "brand_code", "price_band", "sales_band")


@dataclass(frozen=True)
class ItemTags:
    """What is known of the items beside their ids; row 0 is padding.

    `codes` [V+1, A] are rows of one shared table of `size` embeddings, 0 where an item lacks the attribute;
    `log_popularity` [V+1] is the log of each item's share of the training events.
    """

    codes: Tensor
    size: int
    log_popularity: Tensor

    @classmethod
    def of(cls, prepared: Prepared) -> Self:
        """Number the tags of all items through, so that one table holds every attribute."""
        items = prepared.items
        columns = [items[name].to_numpy(np.int64) for name in _CODE_COLUMNS]
        columns += _many_valued(items["attributes"]) if "attributes" in items else []
        used = [column for column in columns if column.max(initial=0) > 0]
        codes = np.zeros((len(items) + 1, max(len(used), 1)), np.int64)
        size = 1
        for place, column in enumerate(used):
            codes[1:, place] = np.where(column > 0, column + size - 1, 0)
            size += int(column.max())
        events = prepared.events
        bought = events.loc[events["part"] == "train", "item_index"].to_numpy()
        counts = np.bincount(bought, minlength=len(items) + 1).astype(np.float64)
        counts[0] = 0
        share = (counts + 1.0) / (counts.sum() + 1.0)
        return cls(torch.from_numpy(codes), size, torch.from_numpy(np.log(share)).float())


def _many_valued(attributes: Iterable[Sequence[int]]) -> list[NDArray[np.int64]]:
    """One column a place in the longest list. Places share no codes: lists are ordered, fine to coarse."""
    attributes = list(attributes)
    longest = max((len(codes) for codes in attributes), default=0)
    return [
        np.array([codes[place] if place < len(codes) else 0 for codes in attributes], np.int64)
        for place in range(longest)
    ]
