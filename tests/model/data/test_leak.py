"""Nothing of the future leaks: whatever happens in validation and test, training sees the same."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from model.data import DataConfig, completejourney, prepare
from model.data.features import catalogue
from model.data.interactions import sorted_interactions
from model.data.price import PriceJudge
from model.data.split import split
from model.data.training import points
from tests.model.data.shops import COLUMNS, FILES, row, shop

SHELVES = ["Food > Tea > Green", "Food > Tea > Black", "Food > Bread", "Toys", ""]
visits = st.lists(
    st.tuples(
        st.integers(0, 3),
        st.integers(0, 5),
        st.integers(0, 6),
        st.integers(1, 9),
        st.sampled_from([0.5, 1.0, 2.5, 40.0, None]),
        st.sampled_from(SHELVES),
    ),
    min_size=8,
    max_size=40,
)


def table(visits):
    rows = [
        row(f"u{user}", f"i{item}", day, units=units, paid=paid, shelf=shelf)
        for user, item, day, units, paid, shelf in visits
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def held_out(rows, user, time):
    """Which rows are of a user's last two moments, found without the code under test."""
    rank = rows.groupby(user)[time].rank(method="dense", ascending=False)
    moments = rows.groupby(user)[time].transform("nunique")
    return (rank <= 2) & (moments >= 3)


def trained_on(prepared):
    training = prepared.events[prepared.events["part"] == "train"].reset_index(drop=True)
    # pandas compares categoricals one value at a time: a minute for a year of purchases.
    return training.assign(event=training["event"].cat.codes).drop(columns="part")


def assert_same_training(one, other):
    assert_frame_equal(one.items, other.items)
    assert_frame_equal(one.users, other.users)
    assert_frame_equal(trained_on(one), trained_on(other))


def perturbed(rows, held, seed):
    """The same visits, but in those held out other items at other prices, described otherwise, later."""
    random = np.random.default_rng(seed)
    count = int(held.sum())
    changed = rows.copy()
    changed.loc[held, "sku"] = random.choice(["i0", "i5", "from the future"], count)
    changed.loc[held, "units"] = random.integers(1, 900, count)
    changed.loc[held, "paid"] = random.choice([0.001, 7.0, 9e6], count)
    changed.loc[held, "kind"] = random.choice(["look", "buy", "cart"], count)
    changed.loc[held, ["name", "shelf", "maker"]] = ["renamed", "Future > Shelf", "Theirs"]
    later = pd.to_datetime(changed.loc[held, "when"]) + pd.Timedelta(days=400)
    changed.loc[held, "when"] = later.dt.strftime("%Y-%m-%dT%H:%M:%S")
    return changed


@pytest.mark.slow
@FILES
@given(visits=visits, seed=st.integers(0, 2**32 - 1))
def test_other_validation_and_test_events_change_nothing_that_is_trained_on(tmp_path, visits, seed):
    rows = table(visits)
    held = held_out(rows, "customer", "when")
    assume(held.any() and rows["sku"].nunique() > 1 and rows["customer"].nunique() > 1)

    before = prepare(shop(tmp_path, rows))
    after = prepare(shop(tmp_path, perturbed(rows, held, seed)))

    assert_same_training(before, after)


@pytest.mark.slow
@FILES
@given(visits=visits)
def test_the_catalogue_is_the_same_without_any_validation_and_test_events(tmp_path, visits):
    rows = table(visits)
    held = held_out(rows, "customer", "when")
    assume(held.any() and rows["sku"].nunique() > 1 and rows["customer"].nunique() > 1)
    whole = prepare(shop(tmp_path, rows))

    with sorted_interactions(shop(tmp_path, rows[~held]), len(rows), lambda line: None) as training:
        (block,) = training.blocks()
        items = catalogue(points(block.rows), training.item_ids, training.descriptions)

    assert_frame_equal(whole.items, items)


def test_a_price_is_judged_by_training_prices_alone():
    rows = pd.DataFrame({"description": 0, "price": [2.0] * 40 + [300.0] * 60, "rows": 1})

    judge = PriceJudge.of(rows[:40], pd.Series(["Food > Tea"]))

    assert judge.unbelievable(rows["price"], rows["description"]).tolist() == [False] * 40 + [True] * 60


@pytest.mark.slow
def test_another_future_changes_nothing_in_a_year_of_purchases(journey, tmp_path, monkeypatch):
    purchases_file, products_file = completejourney.inputs("")
    purchases = pd.read_parquet(purchases_file)
    with sorted_interactions(DataConfig(), 1 << 18, lambda line: None) as interactions:
        parts = pd.concat([split(block.rows, "basket")["part"] for block in interactions.blocks()])
    held = parts.index[parts != "train"]
    random = np.random.default_rng(7)
    purchases.loc[held, "product_id"] = random.choice(purchases["product_id"].unique()[:2000], len(held))
    purchases.loc[held, "quantity"] = random.integers(1, 20, len(held))
    purchases.loc[held, "sales_value"] = random.choice([0.0, 0.01, 5.0, 1e7], len(held))
    purchases.loc[held, "transaction_timestamp"] += pd.Timedelta(days=400)
    purchases.to_parquet(tmp_path / "transactions.parquet")
    monkeypatch.setattr(
        completejourney, "inputs", lambda path: [tmp_path / "transactions.parquet", products_file]
    )

    other = prepare(DataConfig())

    assert other.fingerprint != journey.fingerprint
    assert_same_training(journey, other)
