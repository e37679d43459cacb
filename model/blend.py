"""Blending: how much the collaborative part counts beside the trained one, chosen on validation.

B = requests, V = items
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from model.architecture import Recommender
from model.collaborative import Collaborative
from model.data import Prepared
from model.evaluate import CUTOFF, eager_logits, gains, in_chunks
from model.sequence import Histories, Request

__all__ = ["blend"]

# What a vote of one log unit adds, in logits; the first is no collaborative part at all.
WEIGHTS = tuple(step / 5 for step in range(11))


def blend(
    model: Recommender, prepared: Prepared, validation: Sequence[Request], exclude_seen: bool
) -> dict[float, float]:
    """Give the trained model its collaborative part; returns NDCG@10 on `validation` by weight.

    The followers are counted on the training part. Trained together, the model would lean on counts that hold
    the very events it is asked for.
    """
    events = prepared.events[prepared.events["part"] == "train"]
    part = Collaborative.of(Histories.of(events), model.config.catalogue, model.config.neighbours)
    model.collaborative = part.to(model.bias.device)
    found: dict[float, list[float]] = {weight: [] for weight in WEIGHTS}
    for some in in_chunks(validation):
        # Every logit is linear in the weight: two forward passes give all of them.
        without_BV, with_BV = (_logits(model, part, some, exclude_seen, weight) for weight in (0.0, 1.0))
        for weight, figures in found.items():
            ranked = torch.lerp(without_BV, with_BV, weight).topk(CUTOFF).indices.cpu().numpy()
            figures += gains(ranked, [request.items for request in some])[0].tolist()
    means = {weight: float(np.mean(figures)) for weight, figures in found.items()}
    part.weight.fill_(max(means, key=means.__getitem__))
    return means


def _logits(
    model: Recommender, part: Collaborative, some: Sequence[Request], exclude_seen: bool, weight: float
) -> Tensor:
    part.weight.fill_(weight)
    return eager_logits(model, some, exclude_seen)
