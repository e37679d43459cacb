"""Generated item vectors and queries: no shop at hand has a million items.

V = items, Q = queries, D = width, K = items asked for, C = clusters
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.recipes import baseline

__all__ = ["CHOOSING", "ITEMS", "MEASURED", "K", "generate", "truth"]

ITEMS, MEASURED, CHOOSING = "items.npy", "measured.npy", "choosing.npy"
K = 10
WIDTH = baseline().model.width
ITEMS_PER_CLUSTER = 50
# Two items of a cluster have a cosine of about 1 / (1 + SPREAD ** 2).
SPREAD = 1.0
_BLOCK = 1 << 16

Vectors = NDArray[np.float32]


def generate(items: int, queries: int, seed: int, folder: Path) -> None:
    """Write unit vectors in clusters, and twice as many queries near them: half to choose by, half to measure."""
    random = np.random.default_rng(seed)
    center_CD = _units(random.standard_normal((max(items // ITEMS_PER_CLUSTER, 2), WIDTH), np.float32))

    def near(count: int) -> Vectors:
        noise = random.standard_normal((count, WIDTH), np.float32) * np.float32(SPREAD / WIDTH**0.5)
        return _units(center_CD[random.integers(0, len(center_CD), count)] + noise)

    np.save(folder / ITEMS, near(items))
    np.save(folder / CHOOSING, near(queries))
    np.save(folder / MEASURED, near(queries))


def truth(items_VD: Vectors, queries_QD: Vectors) -> NDArray[np.int64]:
    """The best `K` items [Q, K] of each query by inner product, in no order; 0 is the first item."""
    best, place = np.empty((len(queries_QD), 0), np.float32), np.empty((len(queries_QD), 0), np.int64)
    for start in range(0, len(items_VD), _BLOCK):
        scores = queries_QD @ items_VD[start : start + _BLOCK].T
        found = np.argpartition(-scores, min(K, scores.shape[1]) - 1, axis=1)[:, :K]
        best = np.concatenate([best, np.take_along_axis(scores, found, 1)], 1)
        place = np.concatenate([place, found + start], 1)
        keep = np.argsort(-best, axis=1)[:, :K]
        best, place = np.take_along_axis(best, keep, 1), np.take_along_axis(place, keep, 1)
    return place


def _units(vectors: Vectors) -> Vectors:
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
