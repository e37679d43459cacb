"""Prices that cannot be right beside those of their category."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
from pandas import DataFrame, Series

from model.data.category import LEVELS, codes, prefixes
from model.data.median import medians

__all__ = ["PriceJudge"]

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


@dataclass(frozen=True)
class PriceJudge:
    """Medians and deviations of logarithms of prices, by category: most special level first, the catalogue last.

    `groups` says of each level which group a description is in, and of a description -1 at its end; 0 is none.
    """

    groups: list[npt.NDArray[np.int32]]
    centers: list[Floats]
    spreads: list[Floats]

    @classmethod
    def of(cls, points: DataFrame, categories: Series) -> Self:
        """Learn from training rows: `points` has description (a row of `categories`, or -1), price and rows.

        A category with fewer than `MIN_PRICES` prices says nothing.
        """
        log_price = np.log(points["price"].to_numpy("float64"))
        judge = cls([], [], [])
        for level in range(LEVELS, -1, -1):
            of_description = (
                codes(prefixes(categories, level)) if level else np.ones(len(categories), "int32")
            )
            groups = np.append(of_description, 1 if level == 0 else 0)
            size = int(groups.max()) + 1
            group = groups[points["description"].to_numpy()]
            rows = np.where(group > 0, points["rows"].to_numpy(), 0)
            center = _medians(log_price, group, rows, size)
            spread = MAD_TO_DEVIATION * _medians(np.abs(log_price - center[group]), group, rows, size)
            judge.groups.append(groups)
            judge.centers.append(center)
            judge.spreads.append(spread)
        return judge

    def unbelievable(self, prices: Series, descriptions: Series) -> Mask:
        """True where a price is more than `MAX_DEVIATIONS` off its category's median, in logarithms.

        A category that says nothing leaves the judgement to its parent, in the end to the whole catalogue; a price is
        believed if that says nothing either.
        """
        log_price = np.log(prices.to_numpy("float64"))
        row = descriptions.to_numpy()
        off = np.full(len(log_price), np.nan)
        for groups, center, spread in zip(self.groups, self.centers, self.spreads, strict=True):
            unjudged = np.isnan(off) & ~np.isnan(log_price)
            if not unjudged.any():
                break
            group = groups[row]
            deviations = np.abs(log_price - center[group]) / np.maximum(spread[group], MIN_DEVIATION)
            off = np.where(unjudged, deviations, off)
        return off > MAX_DEVIATIONS


def _medians(
    values: Floats, group: npt.NDArray[np.int32], rows: npt.NDArray[np.int64], groups: int
) -> Floats:
    found, sizes = medians(values, group, rows, groups)
    return np.where(sizes >= MIN_PRICES, found, np.nan)
