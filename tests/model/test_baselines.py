import numpy as np
import pytest

from model.baselines import baselines
from model.sequence import Request, requests


@pytest.fixture(scope="module")
def scorers(prepared):
    return baselines(prepared, requests(prepared.events, "validation", 10_000), False)


def request(history, ages):
    return Request(0, 0.0, np.array(history, np.int64), np.array(ages, np.float32), np.array([1]))


def test_popularity_ranks_by_training_events_alone(prepared, scorers):
    train = prepared.events[prepared.events["part"] == "train"]
    top = train["item_index"].value_counts().max()

    best = scorers["popularity"]([request([], [])], 1, False)[0, 0]
    assert (train["item_index"] == best).sum() == top


def test_personal_frequency_prefers_often_and_lately(scorers):
    rank = scorers["personal frequency (recency-decayed)"]
    often = rank([request([4, 4, 9], [20, 10, 15])], 2, False)[0]
    lately = rank([request([4, 9], [300, 1])], 2, False)[0]

    assert often.tolist() == [4, 9]
    assert lately.tolist() == [9, 4]


def test_knn_recommends_what_followed_in_other_histories(prepared, scorers):
    train = prepared.events[prepared.events["part"] == "train"]
    for item in range(1, 6):
        best = scorers["windowed-Markov kNN"]([request([item], [1])], 1, False)[0, 0]
        together = 0
        for _, user in train.groupby("user_index")["item_index"]:
            places = np.flatnonzero(user.to_numpy() == item)
            together += sum(best in user.to_numpy()[place + 1 : place + 11] for place in places)

        assert together > 0


def test_seen_items_are_left_out_on_request(scorers):
    for rank in scorers.values():
        ranked = rank([request([1, 2, 3], [3, 2, 1])], 30, True)[0]
        assert not {1, 2, 3} & set(ranked.tolist())


def test_no_scorer_recommends_the_padding(prepared, scorers):
    for rank in scorers.values():
        ranked = rank([request([1], [1])], len(prepared.items), False)[0]
        assert sorted(ranked.tolist()) == list(range(1, len(prepared.items) + 1))
