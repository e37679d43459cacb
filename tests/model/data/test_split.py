from itertools import pairwise

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.data import DataConfig, prepare
from model.data.column import text_ids
from model.data.split import split
from tests.model.data.shops import events_of, plain_rows, row, shop

moments = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 6)), min_size=1, max_size=40)


def sorted_rows(visits):
    visits = sorted(visits)
    times = pd.to_datetime([day for _, day in visits], unit="D", utc=True)
    return pd.DataFrame(
        {
            "user_id": text_ids(pd.Series([str(user) for user, _ in visits])),
            "timestamp": times.astype("datetime64[us, UTC]"),
        }
    )


def with_parts(visits, holdout):
    rows = sorted_rows(visits)
    return rows.join(split(rows, holdout))


@given(visits=moments)
def test_training_ends_before_validation_and_validation_before_test(visits):
    for _, user in with_parts(visits, "basket").groupby("user_id", observed=True):
        spans = [user.loc[user["part"] == part, "timestamp"] for part in ("train", "validation", "test")]
        filled = [span for span in spans if len(span)]
        for earlier, later in pairwise(filled):
            assert earlier.max() < later.min()


@given(visits=moments)
def test_the_last_basket_is_the_test_and_the_one_before_it_the_validation(visits):
    for _, user in with_parts(visits, "basket").groupby("user_id", observed=True):
        days = sorted(user["timestamp"].unique())
        if len(days) < 3:
            assert set(user["part"]) == {"train"}
        else:
            assert set(user.loc[user["part"] == "test", "timestamp"]) == {days[-1]}
            assert set(user.loc[user["part"] == "validation", "timestamp"]) == {days[-2]}


@given(visits=moments)
def test_every_item_held_out_alone_leaves_one_event_each(visits):
    for _, user in with_parts(visits, "item").groupby("user_id", observed=True):
        assert user["basket"].tolist() == list(range(len(user)))
        expected = (
            ["train"] * (len(user) - 2) + ["validation", "test"] if len(user) > 2 else ["train"] * len(user)
        )
        assert user["part"].tolist() == expected


@given(visits=moments)
def test_baskets_are_numbered_from_zero_without_a_gap(visits):
    for _, user in with_parts(visits, "basket").groupby("user_id", observed=True):
        assert sorted(user["basket"].unique()) == list(range(user["timestamp"].nunique()))


def test_two_baskets_are_too_few_to_hold_one_out(tmp_path):
    prepared = prepare(shop(tmp_path, [*plain_rows(), row("rare", "i1", 0), row("rare", "i2", 9)]))

    assert set(events_of(prepared, "rare")["part"]) == {"train"}


def test_an_unknown_holdout_is_named_with_the_known_ones():
    with pytest.raises(ValueError, match="holdout is 'week'; choose one of basket, item"):
        DataConfig(holdout="week")


@pytest.mark.slow
def test_the_year_of_purchases_is_split_by_time(journey):
    events = journey.events
    order = {"train": 0, "validation": 1, "test": 2}
    span = (
        events.groupby(["user_index", "part"], observed=True)["timestamp"].agg(["min", "max"]).reset_index()
    )
    span = span.assign(order=span["part"].map(order).astype(int)).sort_values(["user_index", "order"])
    follows = span["user_index"].eq(span["user_index"].shift())

    assert (span["min"] > span["max"].shift())[follows].all()
    assert follows.sum() == 2 * journey.report.parts["test"].users
    held = events.groupby("user_index")["basket"].max() >= 2
    assert held.sum() == journey.report.parts["test"].users == journey.report.parts["validation"].users
