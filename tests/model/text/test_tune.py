"""Fine-tuning on a made-up shop in which everybody buys one kind of thing, which its name alone tells."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from model.data import prepare
from model.recipes import text_smoke
from model.text.encoder import TextEncoder
from model.text.reading import Readings
from model.text.tune import REPORTED_EVERY, tune
from model.train import train
from tests.model.data.shops import row, shop

pytestmark = pytest.mark.slow

KINDS = ["frozen pizza", "whole milk", "dairy", "milk pizza"]


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    generator = np.random.default_rng(0)
    rows = []
    for user in range(40):
        for week in range(8):
            bought = set((user % 4 + 4 * generator.integers(0, 30, 2)).tolist())
            rows += [
                row(f"u{user}", f"i{item}", 7 * week, name=KINDS[item % 4], shelf="", maker="")
                for item in bought
            ]
    return prepare(shop(tmp_path_factory.mktemp("kinds"), rows))


@pytest.fixture(scope="module")
def config(prepared):
    recipe = text_smoke()
    return replace(
        recipe, model=replace(recipe.model, catalogue=len(prepared.items)), epochs=4, tuning_steps=16
    )


@pytest.fixture
def readings(prepared, tiny_bert):
    return Readings.of(TextEncoder.load(str(tiny_bert)), prepared.items)


@pytest.fixture
def model(prepared, config, readings, tmp_path):
    return train(prepared, config, 0, tmp_path, texts=readings.texts())


def copies(module):
    return {name: tensor.clone() for name, tensor in module.state_dict().items()}


def changed(module, before):
    return {name for name, tensor in module.state_dict().items() if not torch.equal(tensor, before[name])}


def test_fine_tuning_changes_the_last_layer_and_the_projection_and_nothing_else(
    model, readings, prepared, config
):
    words, rest = copies(readings.network), copies(model)
    tune(model, readings, prepared, config, 0)

    assert changed(readings.network, words)
    assert all("layer.1." in name for name in changed(readings.network, words))
    assert changed(model, rest) == {"text.weight", "texts_UW"}
    torch.testing.assert_close(model.texts_UW.float(), readings.texts().vectors, atol=1e-3, rtol=0)


def test_the_loss_falls_as_the_encoder_learns(model, readings, prepared, config):
    said = []
    tune(model, readings, prepared, replace(config, tuning_steps=4 * REPORTED_EVERY), 0, said.append)
    losses = [float(line.split("loss ")[1].split(",")[0]) for line in said]

    # Each is the mean since the start.
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < losses[0]
