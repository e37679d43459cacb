"""Prices that cannot be right beside those of their category."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from pandas import Series

from model.data.category import LEVELS, codes, prefixes

__all__ = ["unbelievable"]

# Hampel's identifier: median +- so many robust deviations (1.4826 MAD, the standard deviation of a normal
# distribution). F. R. Hampel, "The influence curve and its role in robust estimation", JASA 69 (1974).
MAD_TO_DEVIATION = 1.4826
# Wide on purpose: an honest shop sells by the can and by the case. In The Complete Journey 14 of 1.4 million
# prices are further off, all of them a few cents for what costs dollars.
MAX_DEVIATIONS = 10.0
# Of the logarithm. Where every price of a category is alike there is no deviation at all; with this one a
# price must be exp(10 * 0.4) = 55 times off the median.
MIN_DEVIATION = 0.4
# Prices that a category must have before its median says anything; else its parent is asked.
MIN_PRICES = 30

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


def unbelievable(prices: Series, categories: Series, descriptions: Series, training: Mask) -> Mask:
    """True where a price is more than `MAX_DEVIATIONS` off its category's median, in logarithms.

    `descriptions` are rows of `categories` (-1: none). Median and deviation come from the training rows. A
    category with fewer than `MIN_PRICES` prices is judged by its parent, in the end by the whole catalogue,
    and not at all if that has too few as well.
    """
    log_price = np.log(prices.to_numpy("float64"))
    row = descriptions.to_numpy()
    off = np.full(len(log_price), np.nan)
    for level in range(LEVELS, -1, -1):
        unjudged = np.isnan(off) & ~np.isnan(log_price)
        if not unjudged.any():
            break
        of_description = codes(prefixes(categories, level)) if level else np.ones(len(categories), "int32")
        group = np.append(of_description, 1 if level == 0 else 0)[row]
        off = np.where(unjudged, _deviations(log_price, group, training), off)
    return off > MAX_DEVIATIONS


def _deviations(log_price: Floats, group: npt.NDArray[np.int32], training: Mask) -> Floats:
    """How many robust deviations each price is off its group's median; NaN where the group cannot say."""
    fitted = training & ~np.isnan(log_price) & (group > 0)
    center = _medians(log_price, group, fitted)[group]
    spread = MAD_TO_DEVIATION * _medians(np.abs(log_price - center), group, fitted)[group]
    off: Floats = np.abs(log_price - center) / np.maximum(spread, MIN_DEVIATION)
    return off


def _medians(values: Floats, group: npt.NDArray[np.int32], fitted: Mask) -> Floats:
    grouped = Series(values[fitted]).groupby(group[fitted])
    medians = grouped.median().where(grouped.size() >= MIN_PRICES)
    return np.asarray(medians.reindex(range(int(group.max(initial=0)) + 1)), dtype="float64")
