import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.history import SHORTEST_BUCKET, History, bucket


def history(length: int) -> History:
    return History(np.arange(1, length + 1), np.arange(length, 0, -1).astype(np.float32))


@given(length=st.integers(0, 2000), longest=st.integers(1, 1024))
def test_a_bucket_holds_the_events_that_count_and_never_more_than_the_longest(length, longest):
    size = bucket(min(length, longest), longest)

    assert min(length, longest) <= size <= longest
    assert size == longest or (size >= SHORTEST_BUCKET and size & (size - 1) == 0)


@pytest.mark.parametrize(("length", "size"), [(0, 16), (1, 16), (16, 16), (17, 32), (32, 32), (200, 256)])
def test_lengths_are_rounded_up_to_powers_of_two(length, size):
    assert bucket(length, 512) == size


def test_padding_goes_in_front_so_that_the_newest_event_stays_last():
    tensors = history(3).tensors(max_history=64)

    assert tensors["history_ids"].tolist() == [[0] * 13 + [1, 2, 3]]
    assert tensors["history_ages"].tolist() == [[0.0] * 13 + [3.0, 2.0, 1.0]]


def test_only_the_newest_events_of_a_longer_history_are_sent():
    tensors = history(100).tensors(max_history=20)

    assert tensors["history_ids"].tolist() == [list(range(81, 101))]


def test_an_empty_history_is_all_padding_in_the_signatures_dtypes():
    tensors = History.empty().tensors(max_history=64)

    assert not tensors["history_ids"].any()
    assert {name: (value.dtype, value.shape) for name, value in tensors.items()} == {
        "history_ids": (np.int64, (1, 16)),
        "history_ages": (np.float32, (1, 16)),
    }
