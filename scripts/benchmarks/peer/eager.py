"""The release's fp32 weights in PyTorch, eager, behind FastAPI: how models are often put into service.

B = 1 request, T = events of history, D = width, V = items
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import torch
from safetensors.torch import load_file

from model.architecture import MASKED, Recommender
from model.artifact import MANIFEST
from model.recipes import recipe
from model.tags import ItemTags
from scripts.benchmarks.peer.app import Answer, Question, Recommend

__all__ = ["eager_recommender", "load_model"]


def load_model(release: Path) -> Recommender:
    """The trained network of a release; ValueError if its recipe has other sizes by now."""
    manifest = json.loads((release / MANIFEST).read_text())
    weights = load_file(release / "model.safetensors")
    config = replace(recipe(manifest["recipe"]).model, catalogue=manifest["catalogue"])
    tags = ItemTags(weights["codes_VA"], len(weights["attribute.weight"]), weights["bias"])
    model = Recommender(config, tags)
    try:
        model.load_state_dict(weights)
    except RuntimeError:
        raise ValueError(
            f"release {release} does not fit the recipe {manifest['recipe']} of model/recipes.py any more; "
            "build it again"
        ) from None
    return model.eval()


def eager_recommender(release: Path) -> Recommend:
    """Recommend with the network of a release on one thread.

    The item vectors are computed once, as the exported graph holds them: with `Recommender.forward`, which
    computes them for every request, an answer takes twenty times as long.
    """
    torch.set_num_threads(1)
    model = load_model(release)
    with torch.inference_mode():
        table_VD = model.item_vectors(torch.arange(model.config.catalogue + 1))
        table_DV = table_VD.T.contiguous()

    def recommend(question: Question) -> Answer:
        newest = slice(-model.config.max_history, None)
        with torch.inference_mode():
            ids_BT = torch.tensor([question.history_ids[newest]])
            ages_BT = torch.tensor([question.history_ages[newest]])
            logits_BV = model.catalogue_logits(ids_BT, ages_BT, table_VD, table_DV)
            if question.exclude_seen:
                logits_BV = logits_BV.scatter(1, ids_BT, MASKED)
            scores_BK, item_ids_BK = logits_BV.topk(min(question.k, model.config.catalogue))
        return Answer(item_ids=item_ids_BK[0].tolist(), scores=scores_BK[0].tolist())

    return recommend
