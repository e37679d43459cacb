"""What one request of each served model holds, checked and padded as Triton batches it.

B = histories of a request, T = events of history, C = candidates
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.signature import MASKED
from serving.history import History, bucket

__all__ = ["MAX_CANDIDATES", "Tensors", "predict_tensors", "recommend_tensors", "recommended"]

Tensors = dict[str, NDArray[Any]]

# Candidates are padded to a power of two for the same reason as histories.
MAX_CANDIDATES = 4096


def recommend_tensors(
    history: History, k: int, *, exclude_seen: bool, catalogue: int, max_history: int
) -> Tensors:
    """Inputs of `recommend` [1, T]; ValueError if the catalogue has not that many items."""
    if not 1 <= k <= catalogue:
        raise ValueError(f"k is {k}; ask for 1 to {catalogue} items, the catalogue's size")
    return {
        **history.tensors(max_history),
        "exclude_seen": np.array([[exclude_seen]]),
        "k": np.array([[k]], np.int64),
    }


def recommended(outputs: Mapping[str, NDArray[Any]], k: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The `k` best indices and their scores of one request; fewer where that many may not be recommended."""
    # A server may answer a whole batch with its largest k.
    item_ids_K, scores_K = outputs["item_ids"][0, :k], outputs["scores"][0, :k]
    real_K = scores_K > MASKED / 2
    return item_ids_K[real_K], scores_K[real_K]


def predict_tensors(histories: Sequence[History], candidates: Sequence[int], max_history: int) -> Tensors:
    """Inputs of `predict` [B, T], [B, C]: the same candidates for histories of one length."""
    if not 1 <= len(candidates) <= MAX_CANDIDATES:
        raise ValueError(f"{len(candidates)} candidates; send 1 to {MAX_CANDIDATES} in a request")
    padding = bucket(len(candidates), MAX_CANDIDATES) - len(candidates)
    ids_1C = np.pad(np.asarray(candidates, np.int64), (0, padding))[None]
    rows = [history.tensors(max_history) for history in histories]
    return {
        **{name: np.concatenate([row[name] for row in rows]) for name in rows[0]},
        "candidate_ids": np.repeat(ids_1C, len(histories), axis=0),
    }
