from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from serving.catalogue import Catalogue
from tests.releases import CATALOGUE, MAX_HISTORY, NEWEST, tiny_release


@pytest.fixture(scope="module")
def catalogue(release):
    return Catalogue.load(release.folder)


def test_ages_count_from_the_newest_event_so_that_a_recording_does_not_grow_old(catalogue):
    at = catalogue.newest_event()

    assert at == NEWEST
    assert min(catalogue.history(f"household-{user}", at).ages.min() for user in range(1, 9)) == 0


def test_a_history_is_in_order_and_complete(catalogue):
    history = catalogue.history("household-8", catalogue.newest_event())

    assert len(history.ids) == 3 * MAX_HISTORY
    assert (np.diff(history.ages) <= 0).all()
    assert (history.ids.dtype, history.ages.dtype) == (np.int64, np.float32)


def test_an_earlier_moment_knows_nothing_of_what_came_after_it(catalogue):
    now = catalogue.newest_event()
    then = now - timedelta(days=100)

    everything, earlier = catalogue.history("household-8", now), catalogue.history("household-8", then)
    assert 0 < len(earlier.ids) == (everything.ages >= 100).sum()
    assert (earlier.ages >= 0).all()


def test_the_newest_user_is_whoever_bought_last(catalogue, release):
    recorded = pd.read_parquet(release.file("histories.parquet"))

    assert catalogue.newest_user() == recorded.sort_values("timestamp").iloc[-1]["user_id"]
    assert catalogue.history(catalogue.newest_user(), catalogue.newest_event()).ages.min() == 0


def test_a_user_without_history_has_an_empty_one(catalogue):
    assert catalogue.history("nobody", catalogue.newest_event()).ids.size == 0


def test_items_are_found_by_id_and_by_index(catalogue):
    index = catalogue.index_of("900007")

    assert (index, catalogue.item(index).title) == (7, "Thing 7")


def test_an_unknown_item_is_named_beside_one_that_is_known(catalogue):
    with pytest.raises(ValueError, match=r"^item 12 is not in .* catalogue; an item it knows is 900001$"):
        catalogue.index_of("12")


def test_popular_items_are_those_sold_most(catalogue):
    sales = [catalogue.items.sales[item.index - 1] for item in catalogue.popular(5)]

    assert sales == [50, 49, 48, 47, 46]


@pytest.mark.parametrize("k", [0, CATALOGUE + 1])
def test_there_are_no_more_popular_items_than_items(catalogue, k):
    with pytest.raises(ValueError, match=f"^k is {k}; ask for 1 to 50 items"):
        catalogue.popular(k)


def test_a_damaged_release_is_refused(tmp_path):
    damaged = tiny_release(tmp_path / "release")
    damaged.file("items.parquet").write_bytes(b"PAR1")

    with pytest.raises(ValueError, match=r"items\.parquet is missing or differs"):
        Catalogue.load(damaged.folder)
