"""A user's history as the served models take it.

B = 1 request, T = events of history.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.signature import PADDING

__all__ = ["SHORTEST_BUCKET", "History", "bucket"]

# Triton batches requests of equal shape, so lengths are rounded up. Below 16 events the encoder's share of an
# answer is too small to be worth another shape.
SHORTEST_BUCKET = 16


def bucket(length: int, longest: int) -> int:
    """The padded length for `length` events: a power of two from `SHORTEST_BUCKET` on, at most `longest`."""
    return min(max(SHORTEST_BUCKET, 1 << max(length - 1, 0).bit_length()), longest)


@dataclass(frozen=True)
class History:
    """Events of one user, oldest first: catalogue indices [T] and days from each event to the request [T]."""

    ids: NDArray[np.int64]
    ages: NDArray[np.float32]

    @classmethod
    def empty(cls) -> History:
        """The history of somebody who has bought nothing yet."""
        return cls(np.empty(0, np.int64), np.empty(0, np.float32))

    def tensors(self, max_history: int) -> dict[str, NDArray[np.generic]]:
        """The newest `max_history` events as `history_ids` and `history_ages` [1, T], padded in front."""
        ids, ages = self.ids[-max_history:], self.ages[-max_history:]
        front = bucket(len(ids), max_history) - len(ids)
        return {
            "history_ids": np.pad(ids, (front, 0), constant_values=PADDING)[None].astype(np.int64),
            "history_ages": np.pad(ages, (front, 0))[None].astype(np.float32),
        }
