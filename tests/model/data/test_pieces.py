"""However many rows are held at a time, what comes out is the same: what one look at the whole file gives."""

import hashlib
import json
import re

import numpy as np
import pandas as pd
import pyarrow
import pyarrow.parquet
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from model.data import DataConfig, prepare
from model.data.__main__ import main
from model.data.median import medians
from model.data.training import Points, points
from tests.full_disk import no_file_larger_than
from tests.model.data.shops import COLUMNS, FILES, MAPPING, plain_rows, reasons, row, shop

# What the preparation that held the whole file made of `DIRTY`, the last one before this; SCHEMA_VERSION 1.
FINGERPRINT = "abb5c8803b7dc4ca5c2e5616d5109e0e777129b5915b03dc78535611fffe7d82"
DIGESTS = {
    "items": "0a6e263eb8b67e1a",
    "events": "24167749c30fdfce",
    "users": "d33fe9c98379c43c",
    "refused": "58e7d5f595c0f277",
}
REFUSED = {"exact duplicate": 12, "user is missing": 1, "event is missing or unknown": 1}
TABLES = ("items", "events", "users", "refused")
# Everything that a row can be: wrong in every way, repeated, described otherwise, of a user spelled in two ways.
visits = st.lists(
    st.tuples(
        st.sampled_from(["u0", "u1", " u1", "u2", "é", None]),
        st.sampled_from(["i0", "i1", "i2", "i3", None]),
        st.sampled_from([0, 1, 2, 3, 3.5, 90]),
        st.sampled_from(["buy", "buy", "buy", "look", "cart", "stare"]),
        st.sampled_from([1, 1, 2, 0.25, 0, -1, None, "inf"]),
        st.sampled_from([2.0, 2.0, 2.5, 700.0, 0, -1, None, "x"]),
        st.sampled_from(["", "one", " one", "two"]),
        st.sampled_from(["Food > Tea > Green", "Food>Tea", "Toys", ""]),
    ),
    min_size=4,
    max_size=30,
)
# 15 users, who are nowhere together in the file, and every rule that sets rows aside.
DIRTY = [
    *(
        row(f"u{number % 15:02d}", f"i{number % 7}", number % 11, paid=2 + number % 3)
        for number in range(160)
    ),
    row("u00", "i0", 20, units=None, paid=None),
    row(None, "i1", 1),
    *plain_rows(),
    *plain_rows(),
    row("u03", "i3", 21, paid=0, shelf="Toys", maker=""),
    row("u03", "i3", 22, paid=9e6),
    row("u03", "i2", 22, kind="stare"),
    row("u04", "i9", 99, kind="look", units=0, name="renamed"),
    row("u01", "i1", 30, units=2),
    row("u01", "i1", 30, units=4, paid=2.5),
]


def assert_same(one, other):
    for name in TABLES:
        assert_frame_equal(getattr(one, name), getattr(other, name), check_exact=True, obj=name)
    assert one.report == other.report
    assert one.fingerprint == other.fingerprint


def digest(table):
    return hashlib.sha256(table.to_csv(float_format="%.6g").encode()).hexdigest()[:16]


@pytest.mark.parametrize("at_a_time", [1 << 20, 50, 11])
def test_the_data_are_those_that_were_made_in_memory(tmp_path, at_a_time):
    prepared = prepare(shop(tmp_path, DIRTY), at_a_time=at_a_time)

    assert prepared.fingerprint == FINGERPRINT
    assert {name: digest(getattr(prepared, name)) for name in TABLES} == DIGESTS
    assert reasons(prepared) == REFUSED


@pytest.mark.slow
@FILES
@example(visits=[("u0", "i0", day, "buy", 1, 2.0, "", "") for day in (3, 3, 1, 2, 0)] * 2, at_a_time=2)
@given(visits=visits, at_a_time=st.integers(4, 12))
def test_the_number_of_rows_at_a_time_changes_nothing(tmp_path, visits, at_a_time):
    config = shop(tmp_path, [*plain_rows(users=2), *(row(*visit) for visit in visits)])

    assert_same(prepare(config), prepare(config, at_a_time=at_a_time))


def test_a_user_with_more_rows_than_are_held_at_a_time_stays_whole(tmp_path):
    rows = [*plain_rows(), *(row("whale", f"i{day % 5}", day) for day in range(60))]
    config = shop(tmp_path, rows)

    assert_same(prepare(config), prepare(config, at_a_time=8))


def test_repetitions_far_apart_are_still_repetitions(tmp_path):
    rows = plain_rows(users=6, days=6)

    prepared = prepare(shop(tmp_path, [*rows, *rows[::-1]]), at_a_time=10)

    assert reasons(prepared) == {"exact duplicate": len(rows)}
    positions = [json.loads(text)["input_row"] for text in prepared.refused["row"]]
    assert positions == list(range(len(rows), 2 * len(rows)))


@pytest.mark.parametrize("odd", [9.0, 9.5])
def test_ids_that_became_floats_mean_the_same_in_every_row_group(tmp_path, odd):
    rows = pd.DataFrame(plain_rows(users=4), columns=COLUMNS)
    rows["customer"] = rows["customer"].str[1:].astype(float).replace(3.0, odd)
    pyarrow.parquet.write_table(
        pyarrow.Table.from_pandas(rows), tmp_path / "events.parquet", row_group_size=4
    )
    (tmp_path / "shop.toml").write_text(MAPPING.format(file="events.parquet"))
    config = DataConfig(source="table", path=str(tmp_path / "shop.toml"))

    prepared = prepare(config, at_a_time=4)

    expected = ["0", "1", "2", "9"] if odd == 9 else ["0.0", "1.0", "2.0", "9.5"]
    assert prepared.users["user_id"].tolist() == expected
    assert_same(prepare(config), prepared)


def test_a_malformed_line_far_into_a_file_is_named_by_its_number(tmp_path):
    # Longer than the block that the CSV reader takes at once.
    lines = [f"u{number % 300},i{number % 40},2024-01-{1 + number % 28:02d}" for number in range(60_000)]
    lines[50_000] = "u1,i1"
    (tmp_path / "events.csv").write_text("\n".join(["customer,sku,when", *lines]))
    assert (tmp_path / "events.csv").stat().st_size > 1 << 20
    mapping = 'file = "events.csv"\n[columns]\nuser = "customer"\nitem = "sku"\ntimestamp = "when"\n'
    (tmp_path / "shop.toml").write_text(mapping)

    prepared = prepare(DataConfig(source="table", path=str(tmp_path / "shop.toml")), at_a_time=20_000)

    assert prepared.refused["row"].iloc[0] == "line 50002: u1,i1"
    assert prepared.report.read == 60_000


def test_a_full_disk_is_one_line_with_its_remedy_and_nothing_stays_behind(tmp_path, monkeypatch, capsys):
    config = shop(tmp_path, plain_rows(users=40, days=10))
    aside = tmp_path / "temporary"
    aside.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(aside))

    with no_file_larger_than(4096):
        code = main(["--source", "table", "--path", config.path])

    captured = capsys.readouterr()
    assert (code, captured.out) == (1, "")
    assert re.fullmatch(
        r"error: .* has no room .*; free some space or point TMPDIR to a larger disk\n", captured.err
    )
    assert list(aside.iterdir()) == []


def test_what_is_laid_aside_has_no_name_that_a_kill_could_leave_behind(tmp_path, monkeypatch):
    aside = tmp_path / "temporary"
    aside.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(aside))
    seen = []

    prepare(shop(tmp_path, plain_rows()), at_a_time=5, say=lambda line: seen.append(list(aside.iterdir())))

    assert len(seen) > 6
    assert not any(seen)


def test_an_event_takes_less_than_forty_bytes(tmp_path):
    events = prepare(shop(tmp_path, plain_rows(users=40, days=20))).events

    assert events.memory_usage(index=False).sum() / len(events) < 40


@given(
    values=st.lists(st.tuples(st.integers(0, 3), st.sampled_from([1.0, 2.0, 4.0, np.nan]), st.integers(0, 3)))
)
def test_the_median_of_counted_values_is_that_of_the_values_written_out(values):
    group, value, rows = np.array(values, "float64").reshape(-1, 3).T
    group, rows = group.astype("int64"), rows.astype("int64")

    found, sizes = medians(value, group, rows, 4)

    written = pd.Series(np.repeat(value, rows)).groupby(np.repeat(group, rows))
    assert found.tolist() == pytest.approx(written.median().reindex(range(4)).tolist(), nan_ok=True, abs=0)
    assert sizes.tolist() == written.count().reindex(range(4), fill_value=0).tolist()


@given(
    rows=st.lists(
        st.tuples(st.integers(0, 2), st.integers(-1, 2), st.sampled_from([1.0, np.nan]), st.integers(0, 9))
    ),
    cuts=st.lists(st.integers(0, 20), max_size=5),
)
def test_points_of_blocks_add_up_to_those_of_all_rows(rows, cuts):
    assume(rows)
    item, description, price, day = zip(*rows, strict=True)
    table = pd.DataFrame(
        {
            "item_id": pd.Categorical.from_codes(item, categories=["a", "b", "c"]),
            "description": np.array(description, "int32"),
            "price": price,
            "event": "purchase",
            "value": 2.0,
            "timestamp": pd.to_datetime(list(day), unit="D", utc=True).astype("datetime64[us, UTC]"),
        }
    )
    added = Points()
    for start, stop in zip([0, *sorted(cuts)], [*sorted(cuts), len(table)], strict=True):
        added.add(table[start : max(start, stop)])

    assert_frame_equal(added.table().reset_index(drop=True), points(table).reset_index(drop=True))
