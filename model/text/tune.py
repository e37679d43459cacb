"""Fine-tuning: the encoder's last layer learns from the recommender's loss.

B = windows, Q = requests of a window, P = positives of a request, T = events of a window, M = purchases of a step,
N = negatives, C = items of a step, D = width of the recommender
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import chain, count, islice

import torch
import torch.nn.functional as F
from torch import Tensor

from model.architecture import Recommender
from model.config import TrainConfig
from model.data import Prepared
from model.objective import SampledSoftmax, past
from model.sequence import Batch, Batches, Histories
from model.signature import MASKED
from model.text.reading import Readings

__all__ = ["REPORTED_EVERY", "tune"]

# Purchases of a step, and negatives beside them: about 400 different texts, two seconds of a core.
PURCHASES = NEGATIVES = 256
# The usual rate for a network of this class, and more for a projection that has far to go.
ENCODER_RATE, PROJECTION_RATE = 3e-4, 2e-3
# What it costs to turn a text's vector away from where search has it, in units of the loss.
STAY = 2.0
REPORTED_EVERY = 16


def tune(
    model: Recommender,
    readings: Readings,
    prepared: Prepared,
    config: TrainConfig,
    seed: int,
    say: Callable[[str], None] = lambda line: None,
) -> None:
    """Train the encoder's last layer and the projection of its vectors for `tuning_steps`, both in place.

    The rest of the trained `model` stays as it is, so that a step reads a few hundred texts and no more: queries see
    the vectors as they were. What was bought before is the personal part's matter; first purchases alone count here.
    """
    torch.manual_seed(seed)
    before_UW = readings.texts().vectors
    events = prepared.events
    batches = Batches(Histories.of(events[events["part"] == "train"]), config)
    learning = [
        (readings.network.last_layer, ENCODER_RATE),
        (model.text, PROJECTION_RATE),
    ]
    optimizer = torch.optim.AdamW(
        [{"params": list(module.parameters()), "lr": rate} for module, rate in learning]
    )
    fall = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1 - step / config.tuning_steps)
    drawn = chain.from_iterable(batches.epoch(draw) for draw in count(seed))
    total = 0.0
    for step, batch in enumerate(islice(drawn, config.tuning_steps), 1):
        query_MD, bought_M = _first_purchases(model.eval(), batch)
        loss, turned = _loss(model.train(), readings, query_MD, bought_M, before_UW)
        torch.autograd.backward(loss + STAY * turned)
        optimizer.step()
        optimizer.zero_grad()
        fall.step()
        total += float(loss.detach())
        if step % REPORTED_EVERY == 0:
            reached = f"loss {total / step:.3f}, turned {float(turned.detach()):.4f}"
            say(f"fine-tuning, step {step}/{config.tuning_steps}: {reached}")
    model.eval().texts_UW.copy_(readings.texts().vectors)


@torch.no_grad()
def _first_purchases(model: Recommender, batch: Batch) -> tuple[Tensor, Tensor]:
    """Queries [M, D] and what was bought then [M] for the first time, at most `PURCHASES` of them."""
    query_BQD, _ = SampledSoftmax(model).queries(batch, model.item_vectors(batch.ids_BT))
    same_BQPT = batch.positives_BQP.unsqueeze(-1) == batch.ids_BT[:, None, None]
    again_BQP = (same_BQPT & past(batch).unsqueeze(2)).any(-1)
    places = ((batch.positives_BQP != 0) & ~again_BQP).nonzero()
    window_M, request_M, place_M = places[torch.randperm(len(places))[:PURCHASES]].T
    return query_BQD[window_M, request_M], batch.positives_BQP[window_M, request_M, place_M]


def _loss(
    model: Recommender, readings: Readings, query_MD: Tensor, bought_M: Tensor, before_UW: Tensor
) -> tuple[Tensor, Tensor]:
    """The softmax of `SampledSoftmax`, over negatives alone, and how far the texts' vectors turned: 1 - cosine."""
    V = model.config.catalogue
    items_C = torch.cat([bought_M, torch.randint(1, V + 1, (NEGATIVES,))])
    texts_U, place_C = torch.unique(readings.rows_V[items_C], return_inverse=True)
    vectors_UW = readings.vectors(texts_U)
    vectors_CD = model.item_vectors(items_C, vectors_UW[place_C])
    logits_MC = query_MD @ vectors_CD.T + model.bias.detach()[items_C]
    wanted_M = logits_MC.diagonal()
    rivals_MN = logits_MC[:, len(bought_M) :] + math.log(V / NEGATIVES)
    rivals_MN = rivals_MN.masked_fill(bought_M[:, None] == items_C[len(bought_M) :], MASKED)
    loss = (torch.logaddexp(rivals_MN.logsumexp(-1), wanted_M) - wanted_M).mean()
    return loss, (1 - F.cosine_similarity(vectors_UW, before_UW[texts_U])).mean()
