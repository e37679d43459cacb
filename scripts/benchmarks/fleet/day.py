"""A day's load: the hours of a year of groceries, scaled to a peak."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from model.data.completejourney import inputs
from model.data.parquet import read_parquet

__all__ = ["DAY_SECONDS", "Day"]

DAY_SECONDS = 86_400
BIN_SECONDS = 600
# So that one busy ten minutes of a year is no peak of every day.
SMOOTH_BINS = 3
# The package has its times in UTC and its shops in America: the day is turned until it is quietest at this hour.
QUIETEST_HOUR = 4


@dataclass(frozen=True, kw_only=True)
class Day:
    """Requests a second by the time of day; `surge` more of them for `surge_seconds` from `surge_at` on."""

    shape: npt.NDArray[np.float64]
    peak: float
    surge: float = 0.0
    surge_at: float = 12 * 3600.0
    surge_seconds: float = 1800.0

    @classmethod
    def recorded(cls, peak: float, surge: float = 0.0) -> Self:
        """The purchases of The Complete Journey by the time of day; its README calls them simulated."""
        return cls(shape=_recorded(), peak=peak, surge=surge)

    def rate(self, second: float) -> float:
        """Requests a second at that second of the day."""
        places = np.arange(len(self.shape)) * BIN_SECONDS + BIN_SECONDS / 2
        usual = self.peak * float(np.interp(second % DAY_SECONDS, places, self.shape, period=DAY_SECONDS))
        return usual + (self.surge if 0 <= second - self.surge_at < self.surge_seconds else 0.0)

    @property
    def mean(self) -> float:
        """Requests a second over the whole day."""
        return self.peak * float(self.shape.mean()) + self.surge * self.surge_seconds / DAY_SECONDS

    @property
    def most(self) -> float:
        """Requests a second at the busiest moment."""
        return max(self.rate(second) for second in range(0, DAY_SECONDS, 60))


def _recorded() -> npt.NDArray[np.float64]:
    times = read_parquet(inputs("")[0], ["transaction_timestamp"])["transaction_timestamp"]
    second = times.dt.hour * 3600 + times.dt.minute * 60 + times.dt.second
    counts = np.bincount(second // BIN_SECONDS, minlength=DAY_SECONDS // BIN_SECONDS).astype(float)
    around = np.concatenate([counts[-1:], counts, counts[:1]])
    smooth = np.convolve(around, np.ones(SMOOTH_BINS) / SMOOTH_BINS, mode="valid")
    quietest = QUIETEST_HOUR * 3600 // BIN_SECONDS
    return np.roll(smooth, quietest - int(smooth.argmin())) / smooth.max()
