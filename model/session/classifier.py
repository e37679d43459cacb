"""The chance that a session ends with a purchase, by a head as the recommender has for pairs.

S = sessions, F = numbers of a session, K = kinds of a session
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from pandas import DataFrame
from torch import Tensor, nn

from model.layers import small_head
from model.session.table import BOUGHT, Columns

__all__ = ["Logits", "SessionConfig", "SessionNetwork", "train_sessions"]

_KIND_STD = 0.1

# Sessions -> logits [S].
Logits = Callable[[DataFrame], NDArray[np.float64]]


@dataclass(frozen=True, kw_only=True)
class SessionConfig:
    """Sizes and training of the network; it stops `patience` epochs after its best one on validation."""

    width: int = 16
    kind_width: int = 2
    dropout: float = 0.2
    epochs: int = 60
    patience: int = 10
    batch_size: int = 256
    learning_rate: float = 3e-3
    weight_decay: float = 0.05


class SessionNetwork(nn.Module):
    """logit = learned(session) + linear(session), as the personal part of the recommender has it."""

    firsts_K: Tensor

    def __init__(self, numbers: int, sizes: list[int], config: SessionConfig) -> None:
        super().__init__()
        firsts_K = np.cumsum([0, *sizes[:-1]])
        self.register_buffer("firsts_K", torch.from_numpy(firsts_K))
        self.kind = nn.Embedding(sum(sizes), config.kind_width)
        features = numbers + config.kind_width * len(sizes)
        self.drop = nn.Dropout(config.dropout)
        self.learned = small_head(features, config.width)
        self.linear = nn.Linear(features, 1)
        with torch.no_grad():
            # Kinds are only as far apart as training moves them; a code of 0, of which it knows nothing, says nothing.
            self.kind.weight.mul_(_KIND_STD)[firsts_K] = 0.0

    def forward(self, numbers_SF: Tensor, codes_SK: Tensor) -> Tensor:
        """Logits [S]."""
        x_SF = torch.cat([numbers_SF, self.kind(codes_SK + self.firsts_K).flatten(1)], 1)
        return (self.learned(self.drop(x_SF)) + self.linear(x_SF)).squeeze(-1)


def train_sessions(
    training: DataFrame, validation: DataFrame, seed: int, config: SessionConfig = SessionConfig()
) -> Logits:
    """Train on sessions with their outcome and return what scores others, by the best epoch on `validation`."""
    columns = Columns.of(training)
    network = _best(_Tensors.of(training, columns), _Tensors.of(validation, columns), columns, config, seed)

    def logits(sessions: DataFrame) -> NDArray[np.float64]:
        asked = _Tensors.of(sessions, columns)
        with torch.no_grad():
            logits_S: Tensor = network(asked.numbers_SF, asked.codes_SK)
        return logits_S.numpy().astype(np.float64)

    return logits


@dataclass(frozen=True)
class _Tensors:
    numbers_SF: Tensor
    codes_SK: Tensor
    bought_S: Tensor

    @classmethod
    def of(cls, sessions: DataFrame, columns: Columns) -> _Tensors:
        # Copies: pandas may hand out arrays that nobody may write to.
        return cls(
            torch.tensor(columns.numbers(sessions)),
            torch.tensor(columns.codes(sessions)),
            torch.tensor(sessions[BOUGHT].to_numpy(np.float32)),
        )

    def loss(self, network: SessionNetwork, rows: Tensor | slice) -> Tensor:
        logits_S = network(self.numbers_SF[rows], self.codes_SK[rows])
        return F.binary_cross_entropy_with_logits(logits_S, self.bought_S[rows])


def _best(
    told: _Tensors, watched: _Tensors, columns: Columns, config: SessionConfig, seed: int
) -> SessionNetwork:
    """The epoch whose loss on validation is lowest."""
    torch.manual_seed(seed)
    network = SessionNetwork(told.numbers_SF.shape[1], columns.sizes, config)
    optimizer = torch.optim.AdamW(
        network.parameters(), config.learning_rate, weight_decay=config.weight_decay, fused=True
    )
    lowest, best, epoch_of_best = float("inf"), network, 0
    for epoch in range(config.epochs):
        if epoch - epoch_of_best > config.patience:
            break
        network.train()
        for rows in torch.split(torch.randperm(len(told.bought_S)), config.batch_size):
            loss = told.loss(network, rows)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
        network.eval()
        with torch.no_grad():
            loss_now = float(watched.loss(network, slice(None)))
        if loss_now < lowest:
            lowest, best, epoch_of_best = loss_now, deepcopy(network), epoch
    return best.eval()
