import pandas as pd
import pytest

from model.data import DataConfig, completejourney
from model.data.clean import MAX_UNITS
from model.data.completejourney import tables
from model.data.interactions import sorted_interactions

PURCHASES = pd.DataFrame(
    {
        "household_id": [1, 1, 2, 2],
        "product_id": [25671, 26081, 999, 6533889],
        "quantity": [2, 0, 1, 10_597],
        "sales_value": [7.0, 0.0, 1.5, 25.0],
        "transaction_timestamp": pd.to_datetime(["2017-01-01 11:53:26"] * 4),
    }
)
PRODUCTS = pd.DataFrame(
    {
        "product_id": [25671, 26081, 1, 2, 6533889],
        "department": ["GROCERY", "MISCELLANEOUS", "GROCERY", "MEAT", "FUEL"],
        "brand": ["National", "National", "Private", "National", "National"],
        "product_category": ["FRZN ICE", None, "ICE CREAM/MILK/SHERBTS", None, "COUPON/MISC ITEMS"],
        "product_type": ["ICE - CRUSHED/CUBED", None, "PREMIUM", "RIBS", "GASOLINE-REG UNLEADED"],
        "package_size": ["22 LB", None, "L      56 OZ", None, None],
    }
)


@pytest.fixture
def small():
    return tables(PURCHASES, PRODUCTS)


def test_the_price_is_what_was_paid_for_one_unit(small):
    assert small.interactions.loc[0, ["user_id", "item_id", "value", "price"]].tolist() == [
        "1",
        "25671",
        2.0,
        3.5,
    ]


def test_titles_say_what_how_much_and_whose(small):
    assert small.descriptions["title"].tolist() == [
        "Ice - crushed/cubed, 22 lb (National)",
        "Miscellaneous (National)",
        "Ice cream/milk/sherbet - premium, l 56 oz (Private)",
        "Ribs (National)",
        "Gasoline-reg unleaded (National)",
    ]


def test_categories_are_paths_without_the_levels_that_are_missing(small):
    assert small.descriptions["category"].tolist() == [
        "GROCERY > FRZN ICE > ICE - CRUSHED/CUBED",
        "MISCELLANEOUS",
        "GROCERY > ICE CREAM/MILK/SHERBTS > PREMIUM",
        "MEAT > RIBS",
        "FUEL > COUPON/MISC ITEMS > GASOLINE-REG UNLEADED",
    ]


def test_a_fill_of_petrol_counts_as_one_unit_and_its_metered_quantity_is_kept_aside(small):
    fill = small.interactions.query("value == 1 and price > 10")
    assert len(fill) == 1
    assert small.refused["reason"].tolist() == ["petrol is metered: a fill counts as one unit"]
    assert small.refused["outcome"].tolist() == ["repaired"]
    assert '"quantity":10597' in small.refused["row"].iloc[0]


def test_a_product_that_the_product_table_lacks_has_no_description(small):
    assert small.interactions["description"].tolist() == [0, 1, -1, 4]


def test_a_path_is_refused(tmp_path):
    with pytest.raises(ValueError, match="leave path empty"):
        next(completejourney.read(str(tmp_path), 1))


@pytest.mark.slow
def test_every_row_of_the_year_is_kept_or_refused_for_a_reason(journey):
    report = journey.report

    assert report.read == 1_469_307
    assert dict(report.refused) == {
        "quantity is zero": 8_869,
        "exact duplicate": 5,
    }
    assert dict(report.repaired) == {
        "petrol is metered: a fill counts as one unit": 13_520,
        "price is zero: kept as unknown": 2_406,
        "price is far off its category: kept as unknown": 27,
    }
    assert report.kept == 1_460_433


@pytest.mark.slow
def test_the_years_largest_counted_row_is_far_below_the_limit():
    with sorted_interactions(DataConfig(), 1 << 18, lambda line: None) as counted:
        most = max(block.rows["value"].max() for block in counted.blocks())

    assert most == 144
    assert MAX_UNITS > 5 * 144


@pytest.mark.slow
def test_items_of_the_year_have_names_and_all_but_a_few_have_categories_and_prices(journey):
    items = journey.items

    assert (items["title"] != "").all()
    assert (items["category"] == "").sum() < 20
    assert items["price"].isna().mean() < 0.002
    assert items["price"].between(0.01, 500).sum() == items["price"].notna().sum()
