import numpy as np
import pandas as pd
import pytest

from model.data import prepare
from model.data.schema import ITEMS
from tests.model.data.shops import plain_rows, row, shop


def stocked(folder, **changes):
    """A catalogue of 40 teas, each bought in training at a price of its own, the dearer the rarer."""
    rows = plain_rows()
    for item in range(40):
        rows += [
            row("u0", f"tea {item:02d}", -50 - day, paid=1.0 + item, units=40 - item) for day in range(2)
        ]
    rows.append(row("u1", "ball", -60, shelf="Toys", paid=20.0, maker="", **changes))
    return prepare(shop(folder, rows)).items.set_index("item_id")


def test_price_and_sales_are_the_median_and_the_units_of_training(tmp_path):
    extra = [row("u0", "new", day, paid=paid, units=3) for day, paid in ((-3, 1.0), (-2, 9.0), (-1, 2.0))]
    future = [row("u0", "new", 90, paid=500.0, units=99), row("u0", "i0", 91)]

    new = prepare(shop(tmp_path, [*plain_rows(), *extra, *future])).items.set_index("item_id").loc["new"]

    assert (new["price"], new["sales"]) == (2.0, 9)


def test_the_catalogue_is_every_item_with_a_training_event_by_id_from_one(tmp_path):
    prepared = prepare(shop(tmp_path, [*plain_rows(), row("u0", "late", 90), row("u0", "later", 91)]))

    assert prepared.items["item_id"].tolist() == sorted(prepared.items["item_id"])
    assert prepared.items.index.tolist() == list(range(1, len(prepared.items) + 1))
    assert not {"late", "later"} & set(prepared.items["item_id"])
    assert prepared.events.query("user_index == 0 and part != 'train'")["item_index"].tolist() == [0, 0]


def test_price_bands_are_ninths_of_the_category(tmp_path):
    items = stocked(tmp_path)

    teas = items.loc[[f"tea {item:02d}" for item in range(40)]]
    assert teas["price_band"].is_monotonic_increasing
    assert set(teas["price_band"]) == set(range(1, 10))


def test_a_small_category_is_banded_by_the_whole_catalogue(tmp_path):
    items = stocked(tmp_path)
    cheaper = (items["price"] <= items.loc["ball", "price"]).mean()

    assert items.loc["ball", "price_band"] == pytest.approx(np.ceil(cheaper * 9), abs=1)
    assert 1 < items.loc["ball", "price_band"] < 9


def test_sales_bands_rise_with_sales_and_fill_ten(tmp_path):
    items = stocked(tmp_path).sort_values("sales")

    assert items["sales_band"].is_monotonic_increasing
    assert items["sales_band"].between(0, 9).all()
    assert items["sales_band"].nunique() >= 9


def test_prices_and_sales_are_normalised(tmp_path):
    items = stocked(tmp_path)

    for column in ("price_z", "sales_z"):
        assert items[column].dtype == "float32"
        assert items[column].mean() == pytest.approx(0, abs=1e-6)
        assert items[column].std(ddof=0) == pytest.approx(1, abs=1e-5)


def test_a_catalogue_all_alike_is_not_divided_by_zero(tmp_path):
    items = prepare(shop(tmp_path, plain_rows(users=5, days=7))).items

    assert np.isfinite(items[["price_z", "sales_z"]].to_numpy()).all()
    assert (items["price_z"] == 0).all()


def test_category_codes_number_the_prefixes_and_zero_is_unknown(tmp_path):
    items = stocked(tmp_path)

    assert items.loc["ball", ["category_1", "category_2", "category_3", "brand_code"]].tolist() == [
        2,
        0,
        0,
        0,
    ]
    assert items.loc["tea 00", ["category_1", "category_2", "category_3", "brand_code"]].tolist() == [
        1,
        1,
        1,
        1,
    ]


def test_an_item_is_described_by_its_newest_training_event_that_says_anything(tmp_path):
    named = [
        row("u0", "new", -3, name="old name", maker="Maker"),
        row("u0", "new", -2, name="new name", maker=""),
        row("u0", "new", 90, name="future name", maker="Future"),
        row("u0", "i1", 91),
    ]

    new = prepare(shop(tmp_path, [*plain_rows(), *named])).items.set_index("item_id").loc["new"]

    assert (new["title"], new["brand"]) == ("new name", "Maker")


def test_the_newest_description_may_come_from_any_user(tmp_path):
    named = [row("u0", "new", -1, name="new name"), row("u2", "new", -5, name="old name")]

    items = prepare(shop(tmp_path, [*plain_rows(), *named])).items.set_index("item_id")

    assert items.loc["new", "title"] == "new name"


def test_without_purchases_every_event_counts_as_a_unit(tmp_path):
    rows = [[*values[:3], "look", 5, *values[5:]] for values in plain_rows(users=5, days=6)]

    prepared = prepare(shop(tmp_path, rows))

    assert prepared.items["sales"].sum() == prepared.report.parts["train"].events


@pytest.mark.slow
def test_the_years_features_are_in_range_and_match_the_schema(journey):
    items = ITEMS.validate(journey.items)
    training = journey.events[journey.events["part"] == "train"]

    assert items.index.equals(pd.RangeIndex(1, len(items) + 1))
    assert set(training["item_index"]) == set(items.index)
    assert items["price_band"].between(0, 9).all()
    assert ((items["price_band"] == 0) == items["price"].isna()).all()
    assert items["sales_band"].between(0, 9).all()
    for column in ("category_1", "category_2", "category_3", "brand_code"):
        assert items[column].dtype == "int32"
        assert set(items[column]) - {0} == set(range(1, items[column].max() + 1))
    assert items["sales"].sum() == training["value"].sum()
