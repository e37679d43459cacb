"""REES46: a shop's CSV of views, carts and purchases.

Columns event_time, event_type, product_id, category_id, category_code, brand, price, user_id and
user_session (not read), as in Kaggle's mkechinov/ecommerce-behavior-data-from-multi-category-store.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pandas import DataFrame, Series

from model.category_path import PATH_SEPARATOR
from model.data.column import event_names, numbers, text_ids, times
from model.data.delimited import read_csv
from model.data.description import Descriptions
from model.data.schema import Tables

__all__ = ["inputs", "read"]

_COLUMNS = [
    "event_time",
    "event_type",
    "product_id",
    "category_id",
    "category_code",
    "brand",
    "price",
    "user_id",
]


def inputs(path: str) -> list[Path]:
    """The file itself."""
    return [Path(path)]


def read(path: str, rows: int) -> Iterator[Tables]:
    """Every line as an interaction of one unit; a category without a name is called by its number."""
    known = Descriptions()
    for piece, refused in read_csv(Path(path), _COLUMNS, rows):
        yield _tables(piece, refused, known)


def _tables(rows: DataFrame, refused: DataFrame, known: Descriptions) -> Tables:
    raw, description = known.add({name: rows[name] for name in ("category_id", "category_code", "brand")})
    interactions = DataFrame(
        {
            "user_id": text_ids(rows["user_id"]),
            "item_id": text_ids(rows["product_id"]),
            "event": event_names(rows["event_type"], {}),
            "value": 1.0,
            "price": numbers(rows["price"]),
            "timestamp": times(rows["event_time"]),
            "description": description,
        }
    )
    return Tables(
        interactions=interactions,
        descriptions=_described(raw),
        refused=refused,
        read=len(rows) + len(refused),
    )


def _described(raw: DataFrame) -> DataFrame:
    code, number, brand = raw["category_code"], raw["category_id"], raw["brand"]
    numbered = ("category " + number).where(number != "", "")
    category = code.str.replace(".", PATH_SEPARATOR, regex=False).where(code != "", numbered)
    return DataFrame({"title": _titles(code, brand), "category": category, "brand": brand})


def _titles(code: Series, brand: Series) -> Series:
    """What it is and whose, as far as the shop says: "Water heater (aqua)"."""
    what = code.str.rsplit(".", n=1).str[-1].str.replace("_", " ", regex=False).str.capitalize()
    both = what + " (" + brand + ")"
    return both.where((what != "") & (brand != ""), what + brand)
