"""The item vectors as the graphs hold them: whole, or in a form that takes less room and time.

V = items, D = width, B = requests, R = rank, M = parts of a vector, C = codewords of a part, S = width of a part
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
import torch.nn.functional as F
from torch import Tensor, nn

__all__ = ["DenseTable", "ItemTable", "LowRankTable", "ProductTable"]


class ItemTable(nn.Module, ABC):
    """Vectors of all catalogue indices 0..V, of which 0 is padding."""

    @abstractmethod
    def vectors(self, ids: Tensor) -> Tensor:
        """Vectors [..., D] of catalogue indices of any shape."""

    @abstractmethod
    def scores(self, query_BD: Tensor) -> Tensor:
        """Inner products [B, V+1] of queries with every vector."""


class DenseTable(ItemTable):
    """Every vector as it was trained; kept in both orders, since a graph that transposes it does so each time."""

    table_VD: Tensor
    table_DV: Tensor

    def __init__(self, table_VD: Tensor) -> None:
        super().__init__()
        self.register_buffer("table_VD", table_VD)
        self.register_buffer("table_DV", table_VD.T.contiguous())

    def vectors(self, ids: Tensor) -> Tensor:
        """Looked up."""
        return F.embedding(ids, self.table_VD)

    def scores(self, query_BD: Tensor) -> Tensor:
        """One product with the whole table."""
        return query_BD @ self.table_DV


class LowRankTable(ItemTable):
    """`mean + left @ right`: the best approximation of that rank (Eckart and Young, 1936)."""

    left_VR: Tensor
    left_RV: Tensor
    right_RD: Tensor
    mean_D: Tensor

    def __init__(self, left_VR: Tensor, right_RD: Tensor, mean_D: Tensor) -> None:
        super().__init__()
        self.register_buffer("left_VR", left_VR)
        self.register_buffer("left_RV", left_VR.T.contiguous())
        self.register_buffer("right_RD", right_RD)
        self.register_buffer("mean_D", mean_D)

    def vectors(self, ids: Tensor) -> Tensor:
        """Looked up and multiplied out."""
        return F.embedding(ids, self.left_VR) @ self.right_RD + self.mean_D

    def scores(self, query_BD: Tensor) -> Tensor:
        """Two thin products instead of a wide one."""
        return (query_BD @ self.right_RD.T) @ self.left_RV + query_BD @ self.mean_D.unsqueeze(-1)


class ProductTable(ItemTable):
    """Each of M parts of a vector is one of 256 codewords (Jegou, Douze and Schmid, 2011); a vector takes M bytes.

    Scores are summed over the parts' own inner products, as RecJPQ does (Petrov and Macdonald, 2024): no vector is
    put together for them.
    """

    codes_VM: Tensor
    words_MCS: Tensor

    def __init__(self, codes_VM: Tensor, words_MCS: Tensor) -> None:
        super().__init__()
        self.register_buffer("codes_VM", codes_VM.to(torch.uint8))
        self.register_buffer("words_MCS", words_MCS)

    def vectors(self, ids: Tensor) -> Tensor:
        """Put together from their codewords."""
        parts = [
            F.embedding(self.codes_VM[ids, part].long(), words_CS)
            for part, words_CS in enumerate(self.words_MCS)
        ]
        return torch.cat(parts, -1)

    def scores(self, query_BD: Tensor) -> Tensor:
        """Every codeword multiplied once; an item adds up the products of its own."""
        S = self.words_MCS.shape[-1]
        scores_BV = torch.zeros(1)
        for part, words_CS in enumerate(self.words_MCS):
            products_BC = query_BD[:, part * S : (part + 1) * S] @ words_CS.T
            scores_BV = scores_BV + products_BC[:, self.codes_VM[:, part].long()]
        return scores_BV
