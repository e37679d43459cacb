import numpy as np
import pytest

from model.groups import by_group
from model.sequence import Request


def asked(history, items):
    ids = np.array(history, np.int64)
    return Request(0, 0.0, ids, np.zeros(len(ids), np.float32), np.array(items, np.int64))


# Item 9 was bought twice in training, everything else often.
EVENTS = np.array([0, *[50] * 8, 2])
REQUESTS = [asked([], [1]), asked([2], [9]), asked([3, 4, 3, 4], [3, 5]), asked([6, 7, 8, 6, 7], [0])]


def always(*best):
    return lambda requests, k, exclude_seen: np.array([best[:k]] * len(requests))


def test_each_group_counts_its_own_customers_and_its_own_items_alone():
    groups = by_group(always(1, 3, 9), REQUESTS, False, EVENTS)

    assert groups["customers without a history"] == {"requests": 1, "ndcg": 1.0}
    assert groups["customers with up to 2 events"] == {"requests": 1, "ndcg": pytest.approx(1 / 2)}
    assert groups["customers with more than 2 events"]["requests"] == 2
    assert groups["items that the customer bought before"] == {
        "requests": 1,
        "ndcg": pytest.approx(1 / np.log2(3)),
    }
    assert groups["items with fewer than 5 events in training"] == {
        "requests": 1,
        "ndcg": pytest.approx(1 / 2),
    }
    # What is not in the catalogue is nobody's kind of item.
    assert groups["items new to the customer"]["requests"] == 3


def test_groups_that_nobody_is_in_are_left_out():
    groups = by_group(always(1, 2, 3), REQUESTS[2:3], False, EVENTS)

    assert "customers without a history" not in groups
    assert "items with fewer than 5 events in training" not in groups
