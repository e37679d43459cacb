"""The training loss: softmax over a request's own history and shared sampled items.

B = sequences, T = events of history, L = events the encoder reads, Q = requests, P = positives, N = negatives,
D = width, H = half-lives, V = items
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from model.architecture import MASKED, Recommender, basket_starts
from model.sequence import Batch

__all__ = ["SampledSoftmax"]


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
        model, ids_BT = self.model, batch.ids_BT
        vectors_BTD = model.item_vectors(ids_BT)
        query_BQD, newest_age_BQ = self._queries(batch, vectors_BTD)
        past_BQT = _past(batch)
        same_BTT = (ids_BT[:, :, None] == ids_BT[:, None, :]).to(vectors_BTD.dtype)
        history_BQT = query_BQD @ vectors_BTD.transpose(1, 2) + model.bias[ids_BT][:, None]
        history_BQT = model.keep * history_BQT + self._repeats(
            batch, past_BQT, same_BTT, vectors_BTD, query_BQD, newest_age_BQ
        )
        wanted_BQP, bought_BQT = self._wanted(batch, past_BQT, query_BQD, history_BQT)
        # An item bought m times stands m times in the history: each copy carries 1/m of it.
        copies_BQT = past_BQT.to(same_BTT.dtype) @ same_BTT
        history_BQT = history_BQT - torch.log(copies_BQT.clamp(min=1))
        history_BQT = torch.where(past_BQT & ~bought_BQT, history_BQT, MASKED)
        others_BQN = self._others(batch, query_BQD, negatives_N)
        rest_BQ1 = torch.cat([history_BQT, others_BQN], -1).logsumexp(-1, keepdim=True)
        bought_BQP = (batch.positives_BQP != 0).to(rest_BQ1.dtype)
        weight_BQP = bought_BQP * bought_BQP.sum(-1, keepdim=True).clamp(min=1) ** -BASKET_SIZE_POWER
        loss_BQP = torch.logaddexp(rest_BQ1, wanted_BQP) - wanted_BQP
        return (loss_BQP * weight_BQP).sum(), weight_BQP.sum()

    def _queries(self, batch: Batch, vectors_BTD: Tensor) -> tuple[Tensor, Tensor]:
        L, T = self.model.config.context, batch.ids_BT.shape[1]
        states_BLD = self.model.encode(vectors_BTD[:, -L:], batch.ids_BT[:, -L:], batch.days_BT[:, -L:])
        at_BQ1 = (batch.newest_BQ - max(T - L, 0)).clamp(min=0).unsqueeze(-1)
        state_BQD = states_BLD.gather(1, at_BQ1.expand(-1, -1, states_BLD.shape[-1]))
        age_BQ = (batch.day_BQ - batch.days_BT.gather(1, batch.newest_BQ)).clamp(min=0)
        return self.model.query(state_BQD, age_BQ), age_BQ

    def _repeats(
        self,
        batch: Batch,
        past_BQT: Tensor,
        same_BTT: Tensor,
        vectors_BTD: Tensor,
        query_BQD: Tensor,
        newest_age_BQ: Tensor,
    ) -> Tensor:
        """`Recommender.with_repeats`, the personal part, for many request times of one window at once."""
        ages_BQT = (batch.day_BQ.unsqueeze(-1) - batch.days_BT.unsqueeze(1)).clamp(min=0)
        decay_BQTH = self.model.decays(ages_BQT) * past_BQT.unsqueeze(-1)
        B, Q, T, H = decay_BQTH.shape
        opens_BT = basket_starts(batch.days_BT, batch.ids_BT != 0)
        baskets_BQH = (decay_BQTH * opens_BT[:, None, :, None]).sum(2)
        counts_BTX = same_BTT @ decay_BQTH.transpose(1, 2).reshape(B, T, Q * H)
        counts_BQTH = counts_BTX.view(B, T, Q, H).transpose(1, 2)
        features = self.model.personal_features(
            counts_BQTH, baskets_BQH[:, :, None], newest_age_BQ[:, :, None]
        )
        return self.model.personal_logit(features, vectors_BTD[:, None], query_BQD[:, :, None])

    def _wanted(
        self, batch: Batch, past_BQT: Tensor, query_BQD: Tensor, history_BQT: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Logits [B, Q, P] of what was bought, and which events [B, Q, T] are of those items."""
        positives_BQP = batch.positives_BQP
        vectors_BQPD = self.model.item_vectors(positives_BQP)
        wanted_BQP = (query_BQD.unsqueeze(2) * vectors_BQPD).sum(-1) + self.model.bias[positives_BQP]
        match_BQPT = positives_BQP.unsqueeze(-1) == batch.ids_BT[:, None, None]
        # A positive that was bought before has its logit in the history: take it from the newest copy.
        places_T = torch.arange(1, batch.ids_BT.shape[1] + 1, device=positives_BQP.device)
        newest_BQP = (match_BQPT & past_BQT.unsqueeze(2)).mul(places_T).amax(-1)
        repeat_BQP = history_BQT.gather(2, (newest_BQP - 1).clamp(min=0))
        return torch.where(newest_BQP > 0, repeat_BQP, wanted_BQP), match_BQPT.any(2)

    def _others(self, batch: Batch, query_BQD: Tensor, negatives_N: Tensor) -> Tensor:
        """Logits [B, Q, N] of the sampled items, without those that stand in the window anyway."""
        V, N, B = self.model.config.catalogue, len(negatives_N), len(batch.ids_BT)
        others_BQN = query_BQD @ self.model.item_vectors(negatives_N).T + self.model.bias[negatives_N]
        known_BV = torch.zeros(B, V + 1, dtype=torch.bool, device=negatives_N.device)
        known_BV.scatter_(1, batch.ids_BT, True).scatter_(1, batch.positives_BQP.flatten(1), True)
        return (others_BQN + math.log(V / N)).masked_fill(known_BV[:, negatives_N].unsqueeze(1), MASKED)


def _past(batch: Batch) -> Tensor:
    """Which events [B, Q, T] had happened at each request."""
    places_T = torch.arange(batch.ids_BT.shape[1], device=batch.ids_BT.device)
    return (places_T <= batch.newest_BQ.unsqueeze(-1)) & (batch.ids_BT != 0).unsqueeze(1)
