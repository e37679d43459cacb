"""Item information as codes that the network can look up.

V = items, A = attributes an item can carry
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from pandas import DataFrame
from torch import Tensor

from model.config import ATTRIBUTES
from model.data import Prepared

__all__ = ["ItemTags", "ItemTexts"]

_CODE_COLUMNS = {
    "category": ("category_1", "category_2", "category_3"),
    "brand": ("brand_code",),
    "price": ("price_band",),
    "sales": ("sales_band",),
}


@dataclass(frozen=True)
class ItemTexts:
    """Vectors [U, W] of different texts, and which of them [V+1] each catalogue index has; padding has any."""

    vectors: Tensor
    rows: Tensor


@dataclass(frozen=True)
class ItemTags:
    """What is known of the items beside their ids; row 0 is padding.

    `codes` [V+1, A] are rows of one shared table of `size` embeddings, 0 where an item lacks the attribute;
    `log_popularity` [V+1] is the log of each item's share of the training events.
    """

    codes: Tensor
    size: int
    log_popularity: Tensor
    texts: ItemTexts | None = None

    @classmethod
    def of(
        cls, prepared: Prepared, attributes: Collection[str] = ATTRIBUTES, texts: ItemTexts | None = None
    ) -> Self:
        """Number the tags of all items through, so that one table holds every one of `attributes`."""
        columns = _columns(prepared.items, attributes)
        codes = np.zeros((len(prepared.items) + 1, max(len(columns), 1)), np.int64)
        for place, column in enumerate(columns):
            codes[1:, place] = column
        events = prepared.events
        bought = events.loc[events["part"] == "train", "item_index"].to_numpy()
        counts = np.bincount(bought, minlength=len(prepared.items) + 1).astype(np.float64)
        counts[0] = 0
        share = (counts + 1.0) / (counts.sum() + 1.0)
        return cls(
            torch.from_numpy(codes), int(codes.max()) + 1, torch.from_numpy(np.log(share)).float(), texts
        )


def _columns(items: DataFrame, attributes: Collection[str]) -> list[NDArray[np.int64]]:
    """Codes [V] a column, 0 where an item lacks it; what one column uses, no other does."""
    found: list[NDArray[np.int64]] = []
    used = 0
    for name in chain(*(columns for attribute, columns in _CODE_COLUMNS.items() if attribute in attributes)):
        column = items[name].to_numpy(np.int64)
        if column.any():
            found.append(np.where(column > 0, column + used, 0))
            used += int(column.max())
    if "listed" in attributes and "attributes" in items:
        found += _many_valued(items["attributes"], used)
    return found


def _many_valued(attributes: Iterable[Sequence[int]], used: int) -> list[NDArray[np.int64]]:
    """One column a place in the longest list; a number means the same in every place."""
    attributes = list(attributes)
    numbers = {number: used + 1 + place for place, number in enumerate(sorted(set(chain(*attributes))))}
    longest = max(map(len, attributes), default=0)
    return [
        np.array([numbers[codes[place]] if place < len(codes) else 0 for codes in attributes], np.int64)
        for place in range(longest)
    ]
