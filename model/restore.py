"""A release's weights, in the network that they were trained in."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from safetensors.torch import load_file

from model.architecture import Recommender
from model.artifact import MANIFEST
from model.collaborative import Collaborative
from model.recipes import recipe
from model.tags import ItemTags, ItemTexts

__all__ = ["restore"]


def restore(release: Path) -> Recommender:
    """The trained network of a release's folder; ValueError if its recipe has other sizes by now."""
    manifest = json.loads((release / MANIFEST).read_text())
    weights = load_file(release / "model.safetensors")
    config = replace(recipe(manifest["recipe"]).model, catalogue=manifest["catalogue"])
    texts = ItemTexts(weights["texts_UW"], weights["text_V"]) if config.text else None
    tags = ItemTags(weights["codes_VA"], len(weights["attribute.weight"]), weights["bias"], texts)
    model = Recommender(config, tags)
    if "collaborative.weight" in weights:
        model.collaborative = Collaborative(
            weights["collaborative.ids_VN"], weights["collaborative.votes_VN"]
        )
    try:
        model.load_state_dict(weights)
    except RuntimeError:
        raise ValueError(
            f"release {release} does not fit the recipe {manifest['recipe']} of model/recipes.py any more; "
            "build it again"
        ) from None
    return model.eval()
