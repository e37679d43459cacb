"""A small prepared shop, an untrained model of it, and the data sets that lie outside the project."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from model.architecture import Recommender
from model.collaborative import Collaborative
from model.config import TrainConfig
from model.data import prepare
from model.recipes import smoke
from model.sequence import Histories
from model.tags import ItemTags
from tests.model.habits import habits

# Models this small lose more by sharing work than they gain.
torch.set_num_threads(1)
SHARED = Path(__file__).parents[3] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data():
    """`shared_data("folder/file")`: a research file outside the project, or a skip that names it."""

    def file(name: str) -> Path:
        path = SHARED / name
        if not path.is_file():
            pytest.skip(f"needs {name} in ../shared/data: research data that the project may not carry")
        return path

    return file


@pytest.fixture(scope="session")
def prepared(tmp_path_factory):
    return prepare(habits(tmp_path_factory.mktemp("habits")))


@pytest.fixture(scope="session")
def small(prepared) -> TrainConfig:
    recipe = smoke()
    return replace(recipe, model=replace(recipe.model, catalogue=len(prepared.items)), negatives=32)


@pytest.fixture(scope="session")
def fresh_model(prepared, small):
    """`fresh_model(**sizes)`: a model of the small shop with weights as spread as trained ones."""

    def build(**sizes: int) -> Recommender:
        torch.manual_seed(0)
        config = replace(small.model, init_std=0.5, **sizes)
        recommender = Recommender(config, ItemTags.of(prepared)).eval()
        # A model at its start says the same of every repeat.
        for parameter in recommender.parameters():
            if parameter.dim() == 1:
                torch.nn.init.normal_(parameter, std=0.3)
        return recommender

    return build


@pytest.fixture(scope="session")
def with_collaborative_part(prepared):
    """`with_collaborative_part(model)`: the model, with followers that count for something."""

    def add(recommender: Recommender) -> Recommender:
        events = prepared.events[prepared.events["part"] == "train"]
        recommender.collaborative = Collaborative.of(Histories.of(events), recommender.config.catalogue, 8)
        recommender.collaborative.weight.fill_(0.7)
        return recommender

    return add


@pytest.fixture
def model(fresh_model) -> Recommender:
    return fresh_model()
