"""Low rank: item vectors as a product of two thin tables."""

from __future__ import annotations

import torch

from model.item_table import DenseTable, LowRankTable

__all__ = ["factorise"]


def factorise(table: DenseTable, rank: int) -> LowRankTable:
    """The best approximation of that rank around the mean vector; ValueError for a rank that saves nothing."""
    width = table.table_VD.shape[1]
    if not 0 < rank < width:
        raise ValueError(f"rank is {rank}, item vectors are {width} wide; choose 1 to {width - 1}")
    mean_D = table.table_VD.mean(0)
    left_VR, values_R, right_RD = torch.linalg.svd(table.table_VD - mean_D, full_matrices=False)
    return LowRankTable(left_VR[:, :rank] * values_R[:rank], right_RD[:rank].contiguous(), mean_D)
