import numpy as np
import pytest
import torch

from model.baselines import knn
from model.blend import WEIGHTS, blend
from model.collaborative import Collaborative, follows
from model.evaluate import eager_ranker, ndcg
from model.sequence import Histories, Request, requests


@pytest.fixture
def histories(prepared):
    return Histories.of(prepared.events[prepared.events["part"] == "train"])


def request(history):
    return Request(0, 0.0, np.array(history), np.ones(len(history), np.float32), np.array([1]))


def test_a_follower_counts_by_its_distance_and_only_within_one_history():
    items = np.array([1, 2, 3, 3, 1])
    histories = Histories(items, np.arange(5.0), np.arange(5), np.array([0, 3, 5]))
    counted = follows(histories, 3).toarray()

    # 1 is followed by 2 at once and by 3 a step later; nothing follows from the first user to the second.
    assert counted[1, 2] / counted[1, 3] == pytest.approx(2 * (1.5**0.5))
    assert counted[2, 1] == 0
    assert counted[3, 1] > 0


def test_with_every_neighbour_kept_the_part_ranks_as_the_knn_does(histories, prepared):
    V = len(prepared.items)
    part = Collaborative.of(histories, V, V)
    part.weight.fill_(1.0)
    for history in ([3], [5, 9, 5], list(range(1, 31))):
        best = knn(histories, V)([request(history)], 5, False)[0]
        # What votes alike may change places: half precision keeps three digits.
        votes = part(torch.tensor([history]))[0]
        assert votes[best].numpy() == pytest.approx(votes[1:].topk(5).values.numpy(), rel=1e-2)


def test_only_the_strongest_neighbours_are_kept(histories, prepared):
    V = len(prepared.items)
    few, every = Collaborative.of(histories, V, 3), Collaborative.of(histories, V, V)
    for part in (few, every):
        part.weight.fill_(1.0)
    kept, all_of_them = few(torch.tensor([[7]]))[0], every(torch.tensor([[7]]))[0]

    assert (kept > 0).sum() == 3
    assert set(kept.topk(3).indices.tolist()) == set(all_of_them.topk(3).indices.tolist())


def test_the_weight_is_the_best_on_validation_and_is_what_the_model_then_has(fresh_model, small, prepared):
    model = fresh_model(neighbours=8)
    validation = requests(prepared.events, "validation", small.model.max_history)
    figures = blend(model, prepared, validation, False)
    weight = round(float(model.collaborative.weight), 3)

    assert tuple(figures) == WEIGHTS
    assert figures[weight] == max(figures.values())
    assert ndcg(eager_ranker(model), validation, False) == pytest.approx(figures[weight], abs=1e-3)
    with model.collaborative.silenced():
        assert ndcg(eager_ranker(model), validation, False) == pytest.approx(figures[0.0], abs=1e-6)
    assert float(model.collaborative.weight) == pytest.approx(weight)
