import numpy as np
import pandas as pd

from model.data import prepare
from model.data.price import MIN_PRICES, PriceJudge
from tests.model.data.shops import plain_rows, reasons, row, shop


def judged(prices, paths=("Food > Tea",), description=None):
    description = np.zeros(len(prices), "int32") if description is None else np.array(description, "int32")
    rows = pd.DataFrame({"description": description, "price": prices, "rows": 1})
    return PriceJudge.of(rows, pd.Series(list(paths))).unbelievable(rows["price"], rows["description"])


def test_a_price_far_off_its_category_is_not_believed():
    assert judged([2.0] * MIN_PRICES + [2.0 * 54, 2.0 * 56, 2.0 / 54, 2.0 / 56]).tolist()[-4:] == [
        False,
        True,
        False,
        True,
    ]


def test_a_category_with_a_wide_range_is_given_more_room():
    wide = list(np.geomspace(1, 10_000, 99))

    assert not judged([*wide, 50_000.0]).any()


def test_too_few_prices_judge_nothing():
    assert not judged([2.0] * (MIN_PRICES - 2) + [9e6]).any()


def test_a_small_category_is_judged_by_its_parent():
    prices = [2.0] * MIN_PRICES + [2.0, 900.0]
    description = [0] * MIN_PRICES + [1, 1]

    assert judged(prices, ["Food > Tea", "Food > Rare"], description).tolist()[-2:] == [False, True]


def test_items_without_a_category_are_judged_by_the_catalogue():
    assert judged([2.0] * MIN_PRICES + [900.0], [""]).tolist()[-1]
    assert judged([2.0] * MIN_PRICES + [900.0], ["Toys"], [-1] * (MIN_PRICES + 1)).tolist()[-1]


def test_a_price_counts_as_often_as_it_was_paid():
    rows = pd.DataFrame({"description": 0, "price": [2.0, 900.0], "rows": [MIN_PRICES, 1]})

    judge = PriceJudge.of(rows, pd.Series(["Food > Tea"]))

    assert judge.unbelievable(rows["price"], rows["description"]).tolist() == [False, True]


def test_an_unknown_price_is_not_judged():
    assert not judged([2.0] * MIN_PRICES + [float("nan")]).any()


def test_an_unbelievable_price_becomes_unknown_and_its_row_stays(tmp_path):
    rows = [*plain_rows(users=4, days=12), row("u0", "new", -1, paid=9e6)]

    prepared = prepare(shop(tmp_path, rows))

    assert reasons(prepared, "repaired") == {"price is far off its category: kept as unknown": 1}
    assert '"price":9000000.0' in prepared.refused["row"].iloc[0]
    assert prepared.items.set_index("item_id")["price"].isna().to_dict()["new"]
    assert prepared.report.kept == len(rows)
