"""Distillation: a smaller network learns what a trained one would answer, beside what was bought.

M = requests, P = positives, N = negatives, R = rivals of the positives, C = candidates, positives and rivals
"""

from __future__ import annotations

import copy
from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from model.architecture import Recommender
from model.config import ModelConfig
from model.objective import SampledSoftmax
from model.sequence import Batch
from model.signature import MASKED

__all__ = ["Distillation", "student"]

# Hinton, Vinyals and Dean (2015), "Distilling the knowledge in a neural network": softened answers say more of what
# stands below the first place. Neither figure was tuned here.
TEMPERATURE = 2.0
TEACHERS_SHARE = 0.5


def student(teacher: ModelConfig) -> ModelConfig:
    """Half the width, half the layers, half the heads: of two layers or more, a quarter of the encoder's FLOPs or less.

    ValueError where the width cannot be halved.
    """
    heads = max(1, teacher.heads // 2)
    width = teacher.width // 2
    if width < heads or width % heads:
        raise ValueError(
            f"width is {teacher.width}, half of which {heads} heads cannot share; choose a multiple of {2 * heads}"
        )
    return replace(
        teacher,
        width=width,
        feed_width=max(1, teacher.feed_width // 2),
        layers=max(1, teacher.layers // 2),
        heads=heads,
        head_width=0,
    )


class Distillation(nn.Module):
    """The usual loss, and the divergence KL(teacher, student) over the same candidates at the same temperature.

    Candidates are what was bought, the rest of the history and the sampled items, each with the weight that it has
    in the usual loss; whatever the weights, the divergence is least where student and teacher differ by a constant.
    """

    def __init__(self, model: Recommender, teacher: Recommender) -> None:
        super().__init__()
        self.usual = SampledSoftmax(model)
        self.teacher = SampledSoftmax(copy.deepcopy(teacher).eval().requires_grad_(False))

    def forward(self, batch: Batch, negatives_N: Tensor) -> tuple[Tensor, Tensor]:
        """Summed loss and the sum of weights, as `SampledSoftmax` has them."""
        wanted_MP, rivals_MR, weight_MP = self.usual.contest(batch, negatives_N)
        with torch.no_grad():
            teacher_MC = _candidates(*self.teacher.contest(batch, negatives_N))
        bought_MP = torch.logaddexp(rivals_MR.logsumexp(-1, keepdim=True), wanted_MP) - wanted_MP
        apart_M = _divergence(teacher_MC, _candidates(wanted_MP, rivals_MR, weight_MP))
        usual, taught = (bought_MP * weight_MP).sum(), (apart_M * weight_MP.sum(-1)).sum()
        return (1 - TEACHERS_SHARE) * usual + TEACHERS_SHARE * taught, weight_MP.sum()


def _candidates(wanted_MP: Tensor, rivals_MR: Tensor, weight_MP: Tensor) -> Tensor:
    return torch.cat([wanted_MP.masked_fill(weight_MP == 0, MASKED), rivals_MR], -1)


def _divergence(teacher_MC: Tensor, student_MC: Tensor) -> Tensor:
    """KL [M], scaled so that its gradient does not fade with the temperature."""
    told_MC, said_MC = (F.log_softmax(logits / TEMPERATURE, -1) for logits in (teacher_MC, student_MC))
    return F.kl_div(said_MC, told_MC, reduction="none", log_target=True).sum(-1) * TEMPERATURE**2
