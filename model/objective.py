"""The training loss: softmax over a request's own history and shared sampled items.

B = sequences, T = events of history, L = events the encoder reads, Q = requests of a sequence, M = requests of all,
P = positives, N = negatives, R = rivals of the positives, D = width, H = half-lives, V = items
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from model.architecture import Recommender, basket_starts
from model.sequence import Batch
from model.signature import MASKED

__all__ = ["SampledSoftmax", "past"]


# A basket of n items weighs sqrt(n): by items, large baskets would drown the small ones that count as much in
# every metric; by baskets, one item more or less would weigh too much. Chosen on validation from 0, 0.5, 0.75, 1.
BASKET_SIZE_POWER = 0.5


class SampledSoftmax(nn.Module):
    """Each positive competes with every other item of the user's history and with shared random items.

    Repeats are the hard cases, so none of the history is left to chance. The N uniform draws weigh V/N each,
    which makes the sum an unbiased estimate of the full softmax's (Bengio and Senecal, 2008, "Adaptive
    importance sampling to accelerate training of a neural probabilistic language model").
    """

    def __init__(self, model: Recommender) -> None:
        super().__init__()
        self.model = model

    def forward(self, batch: Batch, negatives_N: Tensor) -> tuple[Tensor, Tensor]:
        """Summed loss and the sum of weights, so that replicas can average over what they hold together."""
        wanted_MP, rivals_MR, weight_MP = self.contest(batch, negatives_N)
        loss_MP = torch.logaddexp(rivals_MR.logsumexp(-1, keepdim=True), wanted_MP) - wanted_MP
        return (loss_MP * weight_MP).sum(), weight_MP.sum()

    def contest(self, batch: Batch, negatives_N: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Logits [M, P] of what was bought, those [M, R] of its rivals, and how much each purchase weighs [M, P],
        0 where there is none.
        """
        model = self.model
        vectors_BTD = model.item_vectors(batch.ids_BT)
        query_BQD, newest_age_BQ = self.queries(batch, vectors_BTD)
        # Most windows have fewer requests than there is room for.
        asked_BQ = batch.positives_BQP[..., 0] != 0
        positives_MP, query_MD = batch.positives_BQP[asked_BQ], query_BQD[asked_BQ]
        wanted_MP = (model.item_vectors(positives_MP) @ query_MD.unsqueeze(-1)).squeeze(-1)
        wanted_MP = wanted_MP + model.bias[positives_MP]
        rivals_MR = self._others(batch, asked_BQ, query_MD, negatives_N)
        if model.config.repeats:
            history_BQT = self._repeats(batch, vectors_BTD, query_BQD, newest_age_BQ)
            wanted_MP, history_MT = _own(batch, asked_BQ, wanted_MP, history_BQT[asked_BQ])
            rivals_MR = torch.cat([history_MT, rivals_MR], -1)
        bought_MP = (positives_MP != 0).to(rivals_MR.dtype)
        weight_MP = bought_MP * bought_MP.sum(-1, keepdim=True) ** -BASKET_SIZE_POWER
        return wanted_MP, rivals_MR, weight_MP

    def queries(self, batch: Batch, vectors_BTD: Tensor) -> tuple[Tensor, Tensor]:
        """Queries [B, Q, D] of a batch's requests and the ages in days [B, Q] of the newest event before each."""
        L, T = self.model.config.context, batch.ids_BT.shape[1]
        states_BLD = self.model.encode(vectors_BTD[:, -L:], batch.ids_BT[:, -L:], batch.days_BT[:, -L:])
        at_BQ1 = (batch.newest_BQ - max(T - L, 0)).clamp(min=0).unsqueeze(-1)
        state_BQD = states_BLD.gather(1, at_BQ1.expand(-1, -1, states_BLD.shape[-1]))
        age_BQ = (batch.day_BQ - batch.days_BT.gather(1, batch.newest_BQ)).clamp(min=0)
        return self.model.query(state_BQD, age_BQ), age_BQ

    def _repeats(self, batch: Batch, vectors_BTD: Tensor, query_BQD: Tensor, newest_age_BQ: Tensor) -> Tensor:
        """`Recommender.with_repeats`, the personal part, for many request times of one window at once [B, Q, T]."""
        model, ids_BT = self.model, batch.ids_BT
        same_BTT = (ids_BT[:, :, None] == ids_BT[:, None, :]).to(vectors_BTD.dtype)
        ages_BQT = (batch.day_BQ.unsqueeze(-1) - batch.days_BT.unsqueeze(1)).clamp(min=0)
        decay_BQTH = model.decays(ages_BQT) * past(batch).unsqueeze(-1)
        B, Q, T, H = decay_BQTH.shape
        opens_BT = basket_starts(batch.days_BT, ids_BT != 0)
        baskets_BQH = (decay_BQTH * opens_BT[:, None, :, None]).sum(2)
        counts_BTX = same_BTT @ decay_BQTH.transpose(1, 2).reshape(B, T, Q * H)
        counts_BQTH = counts_BTX.view(B, T, Q, H).transpose(1, 2)
        features = model.personal_features(counts_BQTH, baskets_BQH[:, :, None], newest_age_BQ[:, :, None])
        personal_BQT = model.personal_logit(features, vectors_BTD[:, None], query_BQD[:, :, None])
        general_BQT = query_BQD @ vectors_BTD.transpose(1, 2) + model.bias[ids_BT][:, None]
        return model.keep * general_BQT + personal_BQT

    def _others(self, batch: Batch, asked_BQ: Tensor, query_MD: Tensor, negatives_N: Tensor) -> Tensor:
        """Logits [M, N] of the sampled items, without those that stand in the window anyway."""
        V, N, B = self.model.config.catalogue, len(negatives_N), len(batch.ids_BT)
        others_MN = query_MD @ self.model.item_vectors(negatives_N).T + self.model.bias[negatives_N]
        known_BV = torch.zeros(B, V + 1, dtype=torch.bool, device=negatives_N.device)
        known_BV.scatter_(1, batch.ids_BT, True).scatter_(1, batch.positives_BQP.flatten(1), True)
        known_MN = known_BV[:, negatives_N][asked_BQ.nonzero()[:, 0]]
        return (others_MN + math.log(V / N)).masked_fill(known_MN, MASKED)


def _own(batch: Batch, asked_BQ: Tensor, wanted_MP: Tensor, history_MT: Tensor) -> tuple[Tensor, Tensor]:
    """Logits of the positives, of which some are repeats, and those of the rest of the history as their rivals."""
    positives_MP, past_MT = batch.positives_BQP[asked_BQ], past(batch)[asked_BQ]
    ids_MT = batch.ids_BT[asked_BQ.nonzero()[:, 0]]
    match_MPT = positives_MP.unsqueeze(-1) == ids_MT[:, None]
    # A positive that was bought before has its logit in the history: take it from the newest copy.
    places_T = torch.arange(1, ids_MT.shape[1] + 1, device=ids_MT.device)
    newest_MP = (match_MPT & past_MT.unsqueeze(1)).mul(places_T).amax(-1)
    repeat_MP = history_MT.gather(1, (newest_MP - 1).clamp(min=0))
    # An item bought m times stands m times in the history: each copy carries 1/m of it.
    copies_MT = _copies(batch)[asked_BQ]
    rivals_MT = torch.where(
        past_MT & ~match_MPT.any(1), history_MT - torch.log(copies_MT.clamp(min=1)), MASKED
    )
    return torch.where(newest_MP > 0, repeat_MP, wanted_MP), rivals_MT


def _copies(batch: Batch) -> Tensor:
    """How often the item of each event [B, Q, T] had been bought at each request."""
    same_BTT = (batch.ids_BT[:, :, None] == batch.ids_BT[:, None, :]).float()
    return past(batch).float() @ same_BTT


def past(batch: Batch) -> Tensor:
    """Which events [B, Q, T] had happened at each request."""
    places_T = torch.arange(batch.ids_BT.shape[1], device=batch.ids_BT.device)
    return (places_T <= batch.newest_BQ.unsqueeze(-1)) & (batch.ids_BT != 0).unsqueeze(1)
