"""The catalogue: every item with a training event, described and tagged from training events alone."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from pandas import DataFrame, Index, RangeIndex, Series

from model.data.category import LEVELS, codes, prefixes
from model.data.median import medians
from model.data.schema import ITEMS

__all__ = ["catalogue"]

# 0 is "unknown price", so nine bands are left for prices and all ten for sales.
PRICE_BANDS = 9
SALES_BANDS = 10
# Priced items that a category must have before it gets bands of its own: two a band.
MIN_BANDED = 2 * PRICE_BANDS
# Departments are too wide for a band to mean "dear" or "cheap", product types too narrow to fill nine.
BANDED_LEVEL = 2
# Deviations of logarithms below this are floating point, not differences.
_ROUNDING = 1e-9


def catalogue(points: DataFrame, item_ids: Index, descriptions: DataFrame) -> DataFrame:
    """One row an item, sorted by id, RangeIndex 1..V named item_index.

    `points` are what `model.data.training` makes of the training rows: `item_ids` and `descriptions` hold what their
    item and description point to. An item is described as its newest training event describes it.
    """
    sizes = np.bincount(points["item"], points["rows"], len(item_ids))
    items = DataFrame({"price": _prices(points, len(item_ids)), "sales": _units(points, len(item_ids))})
    items = items.join(_newest_description(points, descriptions))
    items.insert(0, "item_id", item_ids)
    items = items[sizes > 0]
    texts = ["title", "category", "brand"]
    items[texts] = items[texts].fillna("")
    items["title"] = items["title"].where(items["title"] != "", "item " + items["item_id"])
    items = _tagged(items)
    items.index = RangeIndex(1, len(items) + 1, name="item_index")
    return ITEMS.validate(items)


def _prices(points: DataFrame, items: int) -> npt.NDArray[np.float64]:
    prices, _ = medians(
        points["price"].to_numpy(), points["item"].to_numpy(), points["rows"].to_numpy(), items
    )
    return prices


def _units(points: DataFrame, items: int) -> npt.NDArray[np.int64]:
    """Units bought of each item; in data without purchases every event counts as one unit."""
    units = points["units"] if points["bought"].any() else points["rows"]
    return np.bincount(points["item"], units, items).round().astype("int64")


def _newest_description(points: DataFrame, descriptions: DataFrame) -> DataFrame:
    """Each text as the newest training event that has it says."""
    pairs = points[points["description"] >= 0].groupby(["item", "description"], sort=False)["newest"].max()
    newest = pairs.reset_index().sort_values("newest", kind="stable")
    texts = descriptions.take(newest["description"].to_numpy()).set_axis(newest.index)
    texts = texts.where(texts != "")
    return texts.groupby(newest["item"]).last()


def _tagged(items: DataFrame) -> DataFrame:
    levels = {
        f"category_{level}": codes(prefixes(items["category"], level)) for level in range(1, LEVELS + 1)
    }
    return items.assign(
        price_band=_price_bands(items["price"], levels[f"category_{BANDED_LEVEL}"]),
        sales_band=_bands(items["sales"].rank(pct=True), SALES_BANDS) - 1,
        **levels,
        brand_code=codes(items["brand"]),
        price_z=_standardised(np.log(items["price"])).fillna(0.0).astype("float32"),
        sales_z=_standardised(np.log1p(items["sales"])).astype("float32"),
    )


def _price_bands(prices: Series, category: npt.NDArray[np.int32]) -> Series:
    """1 (cheapest ninth of the category) to 9; small and unknown categories are ranked in the catalogue."""
    grouped = prices.groupby(category)
    own = (grouped.transform("count") >= MIN_BANDED) & (category > 0)
    rank = grouped.rank(pct=True).where(own, prices.rank(pct=True))
    return _bands(rank, PRICE_BANDS)


def _bands(rank: Series, bands: int) -> Series:
    """Shares of rank in (0, 1] as bands 1..`bands`; 0 for no rank."""
    banded: Series = np.ceil(rank * bands).clip(1, bands).fillna(0).astype("int8")
    return banded


def _standardised(values: Series) -> Series:
    deviation = float(values.std(ddof=0))
    # One item, or items all alike up to rounding: nothing to scale by.
    scale = deviation if deviation > _ROUNDING else 1.0
    return (values - values.mean()) / scale
