"""A small prepared shop and an untrained model of it."""

from dataclasses import replace

import pytest
import torch

from model.architecture import Recommender
from model.config import TrainConfig
from model.data import prepare
from model.recipes import smoke
from model.tags import ItemTags
from tests.model.habits import habits

# Models this small lose more by sharing work than they gain.
torch.set_num_threads(1)


@pytest.fixture(scope="session")
def prepared(tmp_path_factory):
    return prepare(habits(tmp_path_factory.mktemp("habits")))


@pytest.fixture(scope="session")
def small(prepared) -> TrainConfig:
    recipe = smoke()
    return replace(recipe, model=replace(recipe.model, catalogue=len(prepared.items)), negatives=32)


@pytest.fixture(scope="session")
def fresh_model(prepared, small):
    """`fresh_model()`: a model of the small shop with weights as spread as trained ones."""

    def build() -> Recommender:
        torch.manual_seed(0)
        recommender = Recommender(replace(small.model, init_std=0.5), ItemTags.of(prepared)).eval()
        # A model at its start says the same of every repeat.
        for parameter in recommender.parameters():
            if parameter.dim() == 1:
                torch.nn.init.normal_(parameter, std=0.3)
        return recommender

    return build


@pytest.fixture
def model(fresh_model) -> Recommender:
    return fresh_model()
