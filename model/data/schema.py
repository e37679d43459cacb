"""The canonical tables: what every source is turned into, and what later stages may rely on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import pandas as pd
import pandera.pandas as pa
from pandas import CategoricalDtype, DataFrame

__all__ = [
    "EVENTS",
    "EVENT_DTYPE",
    "INTERACTIONS",
    "ITEMS",
    "SCHEMA_VERSION",
    "TIMESTAMP_DTYPE",
    "Tables",
]

# Part of every fingerprint: raise it when equal files would give other tables than before.
SCHEMA_VERSION = 1

EVENTS = ("view", "click", "cart", "purchase", "rating")
EVENT_DTYPE = CategoricalDtype(list(EVENTS))
TIMESTAMP_DTYPE: Final = "datetime64[us, UTC]"


def _holds_text(ids: pd.Series) -> bool:
    return pd.api.types.is_string_dtype(ids.cat.categories.dtype)


def _id_column() -> pa.Column:
    # Ids repeat, so they are kept once each, as the text categories of a categorical.
    return pa.Column("category", pa.Check(_holds_text, error="ids are text"))


INTERACTIONS = pa.DataFrameSchema(
    {
        "user_id": _id_column(),
        "item_id": _id_column(),
        "event": pa.Column(EVENT_DTYPE),
        "value": pa.Column(float, pa.Check(lambda value: value.abs() < float("inf"), error="finite")),
        "price": pa.Column(float, pa.Check.gt(0), nullable=True),
        "timestamp": pa.Column(TIMESTAMP_DTYPE),
        "description": pa.Column("int32", pa.Check.ge(-1)),
    },
    strict=True,
    name="interactions",
)

ITEMS = pa.DataFrameSchema(
    {
        "item_id": pa.Column(str, unique=True),
        "title": pa.Column(str),
        "category": pa.Column(str),
        "brand": pa.Column(str),
        "price": pa.Column(float, pa.Check.gt(0), nullable=True),
        "sales": pa.Column("int64", pa.Check.ge(0)),
    },
    name="items",
)


@dataclass(frozen=True, kw_only=True)
class Tables:
    """A piece of what a source hands over, before cleaning.

    `interactions` has the columns of `INTERACTIONS`, any value of which may still be missing or wrong;
    its `description` is a row of all pieces' `descriptions` together (-1: none). This piece has those that no piece
    before it had: title, category and brand as text, where "" is unknown. A description belongs to an interaction
    and not to an item, so that what a shop wrote about an item after the training window can be told from what it
    wrote before.
    `refused` holds what did not become an interaction; `read` counts the rows of the input.
    `priced` is False where a source knows no prices at all.
    """

    interactions: DataFrame
    descriptions: DataFrame
    refused: DataFrame
    read: int
    priced: bool = True
