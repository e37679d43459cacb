"""The collaborative part: what followed an item in other histories, counted once and kept inside the model.

B = requests, T = events of history, A = newest events that vote, N = neighbours of an item, E = events, V = items
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self

import numpy as np
import torch
from scipy import sparse
from torch import Tensor, nn

from model.sequence import Histories

__all__ = ["VOTERS", "Collaborative", "follows"]

# Steps forward; a pair that is d steps apart counts 1/d.
WINDOW_STEPS = 10
# The newest events of a history that vote, each with 1 / (1 + steps back).
VOTERS = 10


# Votes below it hardly count; a strong follower has about a tenth. Between 3e-4 and 3e-3 nothing changes.
_FLOOR = 1e-3


class Collaborative(nn.Module):
    """`weight * log(1 + votes / floor)`: nothing for an item that never followed any of the newest ones.

    The logarithm makes of votes what a softmax adds up: evidence in log odds, as the transformer's logits are.
    """

    ids_VN: Tensor
    votes_VN: Tensor
    weight: Tensor

    def __init__(self, ids_VN: Tensor, votes_VN: Tensor) -> None:
        super().__init__()
        # Narrow types: beside quantized item vectors these two tables are most of the file.
        self.register_buffer("ids_VN", ids_VN.to(torch.int32))
        self.register_buffer("votes_VN", votes_VN.to(torch.float16))
        self.register_buffer("weight", torch.zeros(()))

    @classmethod
    def of(cls, histories: Histories, catalogue: int, neighbours: int) -> Self:
        """Count the followers of every item and keep the `neighbours` strongest; the weight is still 0."""
        matrix = follows(histories, catalogue)
        ids_VN = np.zeros((catalogue + 1, neighbours), np.int64)
        votes_VN = np.zeros((catalogue + 1, neighbours), np.float32)
        for item in range(1, catalogue + 1):
            row = slice(matrix.indptr[item], matrix.indptr[item + 1])
            best = np.argsort(-matrix.data[row], kind="stable")[:neighbours]
            ids_VN[item, : len(best)] = matrix.indices[row][best]
            votes_VN[item, : len(best)] = matrix.data[row][best]
        return cls(torch.from_numpy(ids_VN), torch.from_numpy(votes_VN))

    @contextmanager
    def silenced(self) -> Iterator[None]:
        """Without its say, to see what the rest of the model can do alone."""
        weight = self.weight.clone()
        self.weight.zero_()
        try:
            yield
        finally:
            self.weight.copy_(weight)

    def forward(self, ids_BT: Tensor) -> Tensor:
        """What to add to the logits [B, V+1] of histories [B, T], oldest first, 0 = padding in front."""
        newest_BA = ids_BT[:, -VOTERS:]
        back_A = torch.arange(newest_BA.shape[1] - 1, -1, -1, device=ids_BT.device)
        votes_BAN = self.votes_VN[newest_BA].float() / (1.0 + back_A)[:, None]
        places_BX = self.ids_VN[newest_BA].long().flatten(1)
        votes_BV = torch.zeros(ids_BT.shape[0], self.ids_VN.shape[0], device=ids_BT.device)
        votes_BV = votes_BV.scatter_add(1, places_BX, votes_BAN.flatten(1))
        return self.weight * torch.log1p(votes_BV / _FLOOR)


def follows(histories: Histories, catalogue: int) -> sparse.csr_array:
    """How much each item [V+1] is followed by each other: directed co-occurrence within `WINDOW_STEPS`,
    weighted 1/distance, cosine-normalised.
    """
    V = catalogue + 1
    owner_E = np.repeat(np.arange(len(histories.offsets_U) - 1), np.diff(histories.offsets_U))
    items_E = histories.items_E
    counted = sparse.csr_array((V, V))
    for step in range(1, WINDOW_STEPS + 1):
        same_user = owner_E[step:] == owner_E[:-step]
        pair = (items_E[:-step][same_user], items_E[step:][same_user])
        counted = counted + sparse.csr_array((np.full(len(pair[0]), 1.0 / step), pair), shape=(V, V))
    leaving = np.sqrt(np.maximum(counted.sum(1), 1e-12))
    arriving = np.sqrt(np.maximum(counted.sum(0), 1e-12))
    normalised = sparse.diags_array(1.0 / leaving) @ counted @ sparse.diags_array(1.0 / arriving)
    return sparse.csr_array(normalised)
