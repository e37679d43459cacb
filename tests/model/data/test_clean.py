import json

import pytest

from model.data import prepare
from tests.model.data.shops import plain_rows, reasons, row, shop

BAD_ROWS = {
    "user is missing": row(None, "i1", 1),
    "item is missing": row("u1", " ", 1),
    "event is missing or unknown": row("u1", "i1", 1, kind="stare"),
    "timestamp is missing or unreadable": [*row("u1", "i1", 1)[:2], "yesterday", *row("u1", "i1", 1)[3:]],
    "value is infinite": row("u1", "i1", 1, units="inf"),
    "quantity is zero": row("u1", "i1", 1, units=0),
    "quantity is negative (refund)": row("u1", "i1", 1, units=-2),
    "quantity is above 1,000 units": row("u1", "i1", 1, units=10_597),
    "price is negative (refund)": row("u1", "i1", 1, paid=-3.5),
    "price is above 1e+12": row("u1", "i1", 1, paid="inf"),
    "exact duplicate": plain_rows()[0],
}


@pytest.mark.parametrize(("reason", "bad"), BAD_ROWS.items())
def test_a_row_that_cannot_be_believed_is_refused_with_its_reason(tmp_path, reason, bad):
    prepared = prepare(shop(tmp_path, [*plain_rows(), bad]))

    assert reasons(prepared) == {reason: 1}
    assert prepared.report.kept == len(plain_rows())
    assert len(prepared.events) == len(plain_rows())


def test_a_refused_row_is_kept_aside_as_it_came_with_its_position(tmp_path):
    prepared = prepare(shop(tmp_path, [*plain_rows(), row("u1", "i1", 1, units=-2, paid=4.5)]))

    aside = prepared.refused.iloc[0]
    assert (aside["table"], aside["outcome"]) == ("interactions", "refused")
    assert json.loads(aside["row"]) == {
        "input_row": len(plain_rows()),
        "user_id": "u1",
        "item_id": "i1",
        "event": "purchase",
        "value": -2.0,
        "price": 4.5,
        "timestamp": "2024-01-02T00:00:00.000Z",
    }


def test_a_row_with_several_faults_is_counted_once(tmp_path):
    prepared = prepare(shop(tmp_path, [*plain_rows(), row(None, "i1", 1, units=0, paid=-1)]))

    assert reasons(prepared) == {"user is missing": 1}


@pytest.mark.parametrize(
    ("paid", "reason"),
    [
        (None, "price is missing: kept as unknown"),
        ("NaN", "price is missing: kept as unknown"),
        ("a lot", "price is missing: kept as unknown"),
        (0, "price is zero: kept as unknown"),
    ],
)
def test_a_purchase_without_a_price_is_still_a_purchase(tmp_path, paid, reason):
    prepared = prepare(shop(tmp_path, [*plain_rows(), row("u0", "new", -1, paid=paid)]))

    assert reasons(prepared, "repaired") == {reason: 1}
    item = prepared.items.set_index("item_id").loc["new"]
    assert item["price"] != item["price"]
    assert (item["price_band"], item["price_z"]) == (0, 0.0)


def test_a_missing_quantity_counts_as_one(tmp_path):
    prepared = prepare(shop(tmp_path, [*plain_rows(), row("u0", "new", -1, units=None)]))

    assert reasons(prepared, "repaired") == {"value is missing: taken as 1": 1}
    assert prepared.items.set_index("item_id").loc["new", "sales"] == 1


def test_zero_and_negative_values_are_fine_where_they_are_not_quantities(tmp_path):
    mapping_rows = [
        *plain_rows(),
        row("u1", "i1", 0.5, kind="rating", units=-3),
        row("u1", "i2", 0.5, kind="look", units=0),
    ]

    prepared = prepare(shop(tmp_path, mapping_rows))

    assert reasons(prepared) == {}
    assert sorted(prepared.events["value"].unique()) == [-3.0, 0.0, 1.0]


def test_read_is_kept_and_refused_together(tmp_path):
    prepared = prepare(shop(tmp_path, [*plain_rows(), *BAD_ROWS.values()]))
    report = prepared.report

    assert report.read == report.kept + sum(report.refused.values())
    assert len(prepared.refused) == sum(report.refused.values()) + sum(report.repaired.values())


def test_everything_refused_is_an_error_that_counts_the_reasons(tmp_path):
    rows = [row("u1", "i1", day, units=0) for day in range(3)] + [row(None, "i1", 1)]

    with pytest.raises(
        ValueError, match=r"no row is usable \(quantity is zero: 3, user is missing: 1\); correct"
    ):
        prepare(shop(tmp_path, rows))


@pytest.mark.parametrize(
    ("rows", "complaint"),
    [
        ([row("only", f"i{day}", day) for day in range(5)], "user_id is 'only' in every usable row"),
        ([row(f"u{user}", "only", user) for user in range(5)], "item_id is 'only' in every usable row"),
        ([row(f"u{user}", f"i{user}", 0) for user in range(5)], "no user has 3 baskets"),
    ],
)
def test_data_that_can_teach_nothing_is_an_error(tmp_path, rows, complaint):
    with pytest.raises(ValueError, match=complaint):
        prepare(shop(tmp_path, rows))


def test_items_beyond_int64_and_ids_with_zeros_in_front_stay_what_they_are(tmp_path):
    huge = str(2**70)

    prepared = prepare(shop(tmp_path, [*plain_rows(), row("007", huge, 1), row("7", huge, 2)]))

    assert huge in set(prepared.items["item_id"])
    assert {"007", "7"} <= set(prepared.users["user_id"])


def test_an_item_repeated_within_a_basket_is_one_event_with_the_summed_quantity(tmp_path):
    rows = [*plain_rows(), row("u0", "i0", 0, units=2, paid=1.9), row("u0", "i0", 0, units=4, paid=1.8)]

    prepared = prepare(shop(tmp_path, rows))

    first = prepared.events.query("user_index == 0 and basket == 0")
    assert first["value"].tolist() == [7.0]
    assert prepared.report.merged == 2
    assert sum(part.events for part in prepared.report.parts.values()) == prepared.report.kept - 2
