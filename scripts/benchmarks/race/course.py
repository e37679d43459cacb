"""What a trainer did in its time, and how its model ranks the test items.

R = requests, K = items ranked
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.evaluate import gains
from model.sequence import Request

__all__ = ["Course", "judged"]


@dataclass(frozen=True, kw_only=True)
class Course:
    """`positions` are the pairs of a history and what followed it whose loss was computed, in `stepping_seconds`.

    `seconds` are of the wall and hold the looks at validation too, `processor_seconds` are of all threads. `epochs`
    counts the one that the clock cut off.
    """

    positions: int
    stepping_seconds: float
    seconds: float
    processor_seconds: float
    epochs: int
    ndcg: float
    hr: float

    @property
    def pace(self) -> float:
        """Positions trained a second."""
        return self.positions / self.stepping_seconds

    @property
    def cores(self) -> float:
        """How many of the machine's cores it was given, on average."""
        return self.processor_seconds / self.seconds


def judged(ranked_RK: NDArray[np.int64], test: Sequence[Request]) -> tuple[float, float]:
    """NDCG@10 and HR@10; `ranked_RK` is without seen items, in the order of `test`."""
    gain, recall = gains(ranked_RK, [request.items for request in test])
    return float(gain.mean()), float((recall > 0).mean())
