import math

import numpy as np
import pytest

from model.evaluate import ndcg, padded, rank_metrics
from model.sequence import Request


def request(history, bought, user=0):
    ids = np.array(history, np.int64)
    return Request(user, 9.0, ids, np.ones(len(ids), np.float32), np.array(bought, np.int64))


def always(*ranking):
    """A ranker that says the same to everybody, without what they have if asked."""

    def rank(requests, k, exclude_seen):
        rows = [
            [item for item in ranking if not (exclude_seen and item in request.history_ids)][:k]
            for request in requests
        ]
        width = min(len(row) for row in rows)
        return np.array([row[:width] for row in rows])

    return rank


TEN = tuple(range(1, 11))


def test_a_perfect_ranking_scores_one_whatever_the_basket_holds():
    requests = [request([7], [1]), request([7], [3, 1, 2]), request([], list(range(1, 13)))]

    assert ndcg(always(1, 2, 3, *range(4, 13)), requests, False) == pytest.approx((1 + 1 + 1) / 3)


def test_ndcg_is_the_textbooks():
    value = ndcg(always(*TEN), [request([], [2, 5, 99])], False)

    ideal = 1 + 1 / math.log2(3) + 1 / math.log2(4)
    assert value == pytest.approx((1 / math.log2(3) + 1 / math.log2(6)) / ideal)


def test_what_the_catalogue_lacks_counts_as_missed():
    figures = rank_metrics(always(*TEN), [request([], [1, 0])], False, 20)

    assert figures["recall"] == 0.5
    assert figures["ndcg"] == pytest.approx(1 / (1 + 1 / math.log2(3)))


def test_recall_hits_reciprocal_rank_and_coverage():
    requests = [request([], [3, 30]), request([], [40])]
    figures = rank_metrics(always(*TEN), requests, False, 40)

    assert figures["recall"] == pytest.approx((0.5 + 0) / 2)
    assert figures["hr"] == 0.5
    assert figures["mrr"] == pytest.approx((1 / 3) / 2)
    assert figures["coverage"] == 10 / 40


def test_repeats_and_news_are_judged_apart():
    figures = rank_metrics(always(*range(1, 21)), [request([1, 2], [2, 3])], False, 40)

    assert figures["repeat_ndcg"] == pytest.approx(1 / math.log2(3))
    # Without 1 and 2, item 3 comes first.
    assert figures["new_ndcg"] == pytest.approx(1.0)


def test_where_seen_items_are_left_out_there_is_no_figure_for_repeats():
    figures = rank_metrics(always(*range(1, 21)), [request([1], [2])], True, 40)

    assert math.isnan(figures["repeat_ndcg"])
    assert figures["ndcg"] == 1.0


def test_histories_are_padded_in_front_to_the_longest():
    ids, ages = padded([request([5, 6], [1]), request([], [1])])

    assert ids.tolist() == [[5, 6], [0, 0]]
    assert ages.shape == (2, 2)
    assert padded([request([], [1])])[0].shape == (1, 1)
