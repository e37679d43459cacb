"""What one stretch of load showed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Window", "percentile"]


@dataclass(frozen=True, kw_only=True)
class Window:
    """Latencies of the requests answered within `seconds`, and how much of a core the callers took.

    `late_ms` is how long after its scheduled time each request was sent; empty in a closed loop.
    """

    latencies_ms: NDArray[np.float64]
    late_ms: NDArray[np.float64]
    seconds: float
    caller_seconds: float

    @property
    def throughput(self) -> float:
        """Answers a second."""
        return len(self.latencies_ms) / self.seconds

    @property
    def caller_ms(self) -> float:
        """Core time of the callers for each answer."""
        return 1e3 * self.caller_seconds / max(len(self.latencies_ms), 1)

    def latency(self, percent: float) -> float:
        """A percentile of the latencies, in ms; infinite if nothing was answered."""
        return percentile(self.latencies_ms, percent)


def percentile(values: NDArray[np.float64], percent: float) -> float:
    """The smallest value that `percent` of all do not exceed (nearest rank): one that really occurred."""
    if not len(values):
        return float("inf")
    return float(np.percentile(values, percent, method="inverted_cdf"))
