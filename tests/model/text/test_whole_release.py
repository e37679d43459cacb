"""A release whose recommender reads texts, from data to sealed folder and back."""

from dataclasses import replace

import numpy as np
import onnx
import pytest
import torch
import torch.nn.functional as F
from safetensors.numpy import load_file

from model.inputs import ReleaseConfig
from model.recipes import RECIPES, text_smoke
from model.release import build_release
from model.restore import restore
from tests.model.habits import habits

pytestmark = pytest.mark.slow


def test_a_release_serves_the_encoder_that_learned_and_item_vectors_that_hold_the_texts_already(
    tiny_bert, tmp_path, monkeypatch
):
    monkeypatch.setenv("RIALTO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setitem(RECIPES, "text_smoke", lambda: replace(text_smoke(), text_encoder=str(tiny_bert)))
    data = habits(tmp_path)
    said = []

    built = build_release(
        ReleaseConfig(recipe="text_smoke", source=data.source, path=data.path),
        tmp_path / "store",
        said.append,
    )

    assert "fine-tuning the text encoder with the recommender's loss" in said
    model = restore(built.folder)
    tables = load_file(built.file("text.safetensors"))
    searched = torch.from_numpy(tables["vectors"][tables["rows"]].astype(np.float32))
    # Search has 8 bits of the encoder that the recommender reads in 16.
    assert F.cosine_similarity(searched[1:], model.texts_UW[model.text_V][1:].float()).mean() > 0.98
    # The graph has item vectors as constants: texts cost nothing when they are served.
    names = [tensor.name for tensor in onnx.load(built.file("recommend.onnx")).graph.initializer]
    assert any(name.startswith("table.") for name in names)
    assert not [name for name in names if "text" in name]
