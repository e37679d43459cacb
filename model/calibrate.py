"""Calibration: from a logit to a chance, as that the item is in the user's next basket.

C = candidates, M = pairs
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from model.architecture import Recommender
from model.pairs import PairScorer, sampled
from model.sequence import Request

__all__ = ["Calibration", "calibrate", "eager_pair_scorer", "platt"]

_NEGATIVES_PER_POSITIVE = 20


@dataclass(frozen=True)
class Calibration:
    """probability = sigmoid(slope * logit + intercept), after Platt (1999)."""

    slope: float
    intercept: float

    def chances(self, logits_M: NDArray[np.float64]) -> NDArray[np.float64]:
        """Probabilities [M]."""
        return expit(self.slope * logits_M + self.intercept)


def platt(
    logits_M: NDArray[np.float64], labels_M: NDArray[np.bool_], weights_M: NDArray[np.float64] | None = None
) -> Calibration:
    """The calibration that makes these labels likeliest, each counting by its weight."""
    # As good as without a penalty.
    fit = LogisticRegression(C=1e6).fit(logits_M[:, None], labels_M, sample_weight=weights_M)
    return Calibration(float(fit.coef_[0, 0]), float(fit.intercept_[0]))


def calibrate(
    model: Recommender, validation: Sequence[Request], popularity_V: NDArray[np.float64], seed: int
) -> Calibration:
    """Fit on validation pairs; each sampled negative stands for all the items it was drawn for.

    Without those weights the probability would speak of the sample, where a fixed share of the pairs is bought,
    instead of the shop, where hardly any are.
    """
    pairs = sampled(validation, popularity_V, "uniform", _NEGATIVES_PER_POSITIVE, seed)
    labels_M = pairs.flat_labels()
    logits_M = pairs.scores(eager_pair_scorer(model))
    stands_for = [
        np.where(labels, 1.0, (model.config.catalogue - labels.sum()) / max(1, (~labels).sum()))
        for labels in pairs.labels
    ]
    return platt(logits_M.astype(np.float64), labels_M, np.concatenate(stands_for))


def eager_pair_scorer(model: Recommender) -> PairScorer:
    """Logits of pairs, straight from the PyTorch model."""
    device = model.bias.device
    model.eval()
    table = model.table()

    def score(
        ids: NDArray[np.int64], ages: NDArray[np.float32], candidates: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        with torch.no_grad():
            logits = model.candidate_logits(
                torch.from_numpy(ids).to(device),
                torch.from_numpy(ages).to(device),
                torch.from_numpy(candidates).to(device),
                table,
            )
        scores: NDArray[np.float32] = logits.cpu().numpy()
        return scores

    return score
