"""Releases with the weights of an untrained network over the tables of the tiny release."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from model.architecture import Recommender
from model.artifact import Artifact
from model.calibrate import Calibration
from model.export import export
from model.recipes import recipe
from model.tags import ItemTags
from tests.releases import CATALOGUE, tiny_release


def network() -> Recommender:
    """Weights as spread as trained ones, so that no two items score alike."""
    torch.manual_seed(0)
    config = replace(recipe("smoke").model, catalogue=CATALOGUE, init_std=0.5)
    codes = torch.arange(CATALOGUE + 1)[:, None] % 7
    return Recommender(config, ItemTags(codes, 8, torch.randn(CATALOGUE + 1))).eval()


@pytest.fixture(scope="session")
def weighty_release(tmp_path_factory) -> Artifact:
    """Quickly made: the graphs count and the weights are the network's, so the two disagree."""
    return _sealed(tmp_path_factory.mktemp("weighty") / "release")


@pytest.fixture(scope="session")
def real_release(tmp_path_factory) -> Artifact:
    """The same network as graphs and as weights, so that every contender gives the same answers."""
    return _sealed(tmp_path_factory.mktemp("real") / "release", exported=True)


def _sealed(folder: Path, exported: bool = False) -> Artifact:
    tiny = tiny_release(folder)
    model = network()
    if exported:
        export(model, Calibration(1.0, 0.0), folder)
    save_file(model.state_dict(), folder / "model.safetensors")
    about = {**vars(tiny.manifest), "recipe": "smoke", "max_history": model.config.max_history}
    del about["files"]
    return Artifact.seal(folder, **about)
