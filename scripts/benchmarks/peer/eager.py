"""The release's fp32 weights in PyTorch, eager, behind FastAPI: how models are often put into service.

B = 1 request, T = events of history, D = width, V = items
"""

from __future__ import annotations

from pathlib import Path

import torch

from model.restore import restore
from model.signature import MASKED
from scripts.benchmarks.peer.app import Answer, Question, Recommend

__all__ = ["eager_recommender"]


def eager_recommender(release: Path) -> Recommend:
    """Recommend with the network of a release on one thread.

    The item vectors are computed once, as the exported graph holds them: with `Recommender.forward`, which
    computes them for every request, an answer takes twenty times as long.
    """
    torch.set_num_threads(1)
    model = restore(release)
    table = model.table()

    def recommend(question: Question) -> Answer:
        newest = slice(-model.config.max_history, None)
        with torch.inference_mode():
            ids_BT = torch.tensor([question.history_ids[newest]])
            ages_BT = torch.tensor([question.history_ages[newest]])
            logits_BV = model.catalogue_logits(ids_BT, ages_BT, table)
            if question.exclude_seen:
                logits_BV = logits_BV.scatter(1, ids_BT, MASKED)
            scores_BK, item_ids_BK = logits_BV.topk(min(question.k, model.config.catalogue))
        return Answer(item_ids=item_ids_BK[0].tolist(), scores=scores_BK[0].tolist())

    return recommend
