import numpy as np
import pytest

from model.calibrate import calibrate, eager_pair_scorer
from model.pairs import (
    bought_before,
    calibration_error,
    pair_metrics,
    sampled,
    threshold,
    threshold_with_recall,
)
from model.sequence import Request, requests

V = 50
POPULARITY = np.r_[0.0, np.arange(V, 0, -1)] / np.arange(V, 0, -1).sum()


def some_requests(count=40):
    generator = np.random.default_rng(0)
    return [
        Request(
            user,
            0.0,
            generator.integers(1, V + 1, 5),
            np.ones(5, np.float32),
            generator.choice(np.arange(1, V + 1), 3, replace=False),
        )
        for user in range(count)
    ]


def test_no_negative_was_bought_and_every_positive_is_there():
    pairs = sampled(some_requests(), POPULARITY, "uniform", 2, seed=0)

    for request, candidates, labels in zip(pairs.requests, pairs.candidates, pairs.labels, strict=True):
        assert set(candidates[labels]) == set(request.items)
        assert not set(candidates[~labels]) & set(request.items)
        assert (~labels).sum() == 2 * labels.sum()


def test_popularity_negatives_are_as_popular_as_they_are_drawn():
    even, popular = (
        sampled(some_requests(), POPULARITY, kind, 2, seed=0) for kind in ("uniform", "popularity")
    )

    def mean(pairs):
        drawn = [POPULARITY[c[~y]].mean() for c, y in zip(pairs.candidates, pairs.labels, strict=True)]
        return np.mean(drawn)

    assert mean(popular) > 1.2 * mean(even)


def test_scores_come_back_in_the_order_of_the_pairs():
    pairs = sampled(some_requests(), POPULARITY, "uniform", 1, seed=0)

    assert pairs.scores(lambda ids, ages, candidates: candidates.astype(np.float32)).tolist() == [
        item for candidates in pairs.candidates for item in candidates
    ]


def test_the_threshold_is_where_calls_are_right_most_often():
    labels = np.array([False, False, False, True, True])

    assert threshold(labels, np.array([0.1, 0.2, 0.4, 0.4, 0.9], np.float32)) == pytest.approx(0.4)
    assert threshold(labels, np.array([0.1, 0.2, 0.6, 0.3, 0.9], np.float32)) == pytest.approx(0.3)
    assert threshold(labels, np.array([0.1, 0.6, 0.7, 0.3, 0.9], np.float32)) == pytest.approx(0.9)


def test_a_threshold_with_recall_gives_up_right_calls_only_where_it_must():
    labels = np.array([False, False, False, False, True, False, True])
    scores = np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.9])

    # Calling only the last is right six times of seven, but finds half of what was bought.
    assert threshold_with_recall(labels, scores, 0.5) == pytest.approx(0.9)
    assert threshold_with_recall(labels, scores, 0.6) == pytest.approx(0.5)


def test_a_scorer_that_knows_is_perfect_and_one_that_guesses_is_not():
    validation, test = (sampled(some_requests(), POPULARITY, "uniform", 1, seed=s) for s in (0, 1))
    truth = {id(r.history_ids): r for r in test.requests}
    assert truth

    def knows(ids, ages, candidates):
        bought = [next(r.items for r in test.requests if (r.history_ids == row[-5:]).all()) for row in ids]
        return np.array([np.isin(c, items) for c, items in zip(candidates, bought, strict=True)], np.float32)

    def guesses(ids, ages, candidates):
        return np.random.default_rng(0).random(candidates.shape).astype(np.float32)

    perfect, chance = pair_metrics(validation, test, knows), pair_metrics(validation, test, guesses)
    assert perfect["accuracy"] == perfect["f1"] == perfect["auc"] == 1.0
    assert abs(chance["auc"] - 0.5) < 0.12


def test_calibrated_probabilities_come_true(prepared, model):
    validation = requests(prepared.events, "validation", 64)
    popularity = np.full(len(prepared.items) + 1, 1 / len(prepared.items))
    found = calibrate(model, validation, popularity, seed=0)
    logits = eager_pair_scorer(model)

    def probability(ids, ages, candidates):
        return 1 / (1 + np.exp(-(found.slope * logits(ids, ages, candidates) + found.intercept)))

    everything = sampled(validation, popularity, "uniform", 10, seed=1)
    share = np.mean([len(r.items) / len(prepared.items) for r in validation])
    stands_for = np.concatenate(
        [np.where(y, 1.0, (len(prepared.items) - y.sum()) / (~y).sum()) for y in everything.labels]
    )
    mean = np.average(everything.scores(probability), weights=stands_for)
    assert mean == pytest.approx(share, rel=0.1)


def test_calibration_error_is_the_gap_between_said_and_seen():
    pairs = bought_before(some_requests())
    rate = float(pairs.flat_labels().mean())

    def say(value):
        return lambda ids, ages, candidates: np.full(candidates.shape, value, np.float32)

    assert calibration_error(pairs, say(rate)) < calibration_error(pairs, say(rate + 0.3))
    assert calibration_error(pairs, say(1.0)) == pytest.approx(1 - rate, abs=1e-6)
