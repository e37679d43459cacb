"""Product quantization: each part of an item vector becomes one byte."""

from __future__ import annotations

import numpy as np
import torch
from sklearn.cluster import KMeans

from model.item_table import DenseTable, ProductTable

__all__ = ["product_quantize"]

CODEWORDS = 256
# After these the error falls by less than a percent a round.
_ROUNDS = 20


def product_quantize(table: DenseTable, parts: int, seed: int) -> ProductTable:
    """Cut all vectors into `parts` and cluster each; ValueError where the width cannot be cut so.

    k-means finds the codewords, so the squared error of a vector is about as small as it can be with one byte a
    part; a catalogue below 256 items keeps every vector as it is.
    """
    vectors_VD = table.table_VD.numpy()
    if parts < 1 or vectors_VD.shape[1] % parts:
        raise ValueError(
            f"parts is {parts}, which does not divide the width {vectors_VD.shape[1]} of item vectors"
        )
    codes, words = [], []
    for part_VS in np.split(vectors_VD, parts, axis=1):
        clusters = min(CODEWORDS, len(np.unique(part_VS, axis=0)))
        found = KMeans(clusters, n_init=1, max_iter=_ROUNDS, random_state=seed).fit(part_VS)
        codes.append(found.labels_)
        padded_CS = np.zeros((CODEWORDS, part_VS.shape[1]), np.float32)
        padded_CS[:clusters] = found.cluster_centers_
        words.append(padded_CS)
    return ProductTable(torch.from_numpy(np.stack(codes, 1)), torch.from_numpy(np.stack(words)))
