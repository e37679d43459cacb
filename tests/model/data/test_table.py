import datetime
import decimal
import re
from pathlib import Path

import pandas as pd
import pyarrow
import pyarrow.parquet
import pytest

from model.data import DataConfig, prepare
from tests.model.data.shops import COLUMNS, MAPPING, events_of, plain_rows, row, shop

README = Path(__file__).parents[3] / "model" / "data" / "README.md"


def parquet_shop(folder, table, mapping):
    pyarrow.parquet.write_table(table, folder / "events.parquet")
    (folder / "shop.toml").write_text(mapping.format(file="events.parquet"))
    return DataConfig(source="table", path=str(folder / "shop.toml"))


def test_a_csv_and_its_parquet_give_the_same_data(tmp_path):
    rows = pd.DataFrame(plain_rows(), columns=COLUMNS)
    from_csv = prepare(shop(tmp_path, rows))

    from_parquet = prepare(parquet_shop(tmp_path, pyarrow.Table.from_pandas(rows), MAPPING))

    assert from_csv.fingerprint == from_parquet.fingerprint


def test_the_mapping_in_the_readme_works(tmp_path):
    mapping = re.search(r"```toml\n(.*?)```", README.read_text(), re.DOTALL)[1]
    rows = pd.DataFrame(plain_rows(), columns=COLUMNS)
    rows.to_csv(tmp_path / "events.csv", index=False)
    (tmp_path / "shop.toml").write_text(mapping)

    prepared = prepare(DataConfig(source="table", path=str(tmp_path / "shop.toml")))

    assert prepared.report.kept == len(rows)


def test_user_item_and_timestamp_are_enough(tmp_path):
    mapping = 'file = "{file}"\n[columns]\nuser = "customer"\nitem = "sku"\ntimestamp = "when"\n'

    prepared = prepare(shop(tmp_path, plain_rows(), mapping=mapping))

    assert set(prepared.events["event"]) == {"purchase"}
    assert set(prepared.events["value"]) == {1.0}
    assert dict(prepared.report.repaired) == {}
    assert prepared.items["title"].tolist() == [f"item {item}" for item in prepared.items["item_id"]]


@pytest.mark.parametrize(
    "when",
    [
        "2024-01-05",
        "2024-01-05T00:00:00",
        "2024-01-05 02:00:00+02:00",
        "2024-01-05 00:00:00 UTC",
        "1704412800",
        "1704412800000",
    ],
)
def test_one_moment_may_be_written_in_many_ways(tmp_path, when):
    other = row("u9", "i1", 0)
    other[COLUMNS.index("when")] = when

    prepared = prepare(shop(tmp_path, [*plain_rows(), other]))

    assert events_of(prepared, "u9")["timestamp"].tolist() == [pd.Timestamp("2024-01-05", tz="UTC")]


def test_parquets_own_types_are_understood(tmp_path):
    days = [datetime.date(2024, 1, 1 + day) for _ in range(3) for day in range(4)]
    table = pyarrow.table(
        {
            "customer": pyarrow.array(
                [None, *[2**63 + user for user in range(3) for _ in range(4)][1:]], pyarrow.uint64()
            ),
            "sku": pyarrow.array([decimal.Decimal(10**25 + item % 5) for item in range(12)]),
            "when": pyarrow.array(days, pyarrow.date32()),
            "paid": pyarrow.array([decimal.Decimal("1.25")] * 12),
        }
    )
    mapping = (
        'file = "{file}"\n[columns]\nuser = "customer"\nitem = "sku"\ntimestamp = "when"\nprice = "paid"\n'
    )

    prepared = prepare(parquet_shop(tmp_path, table, mapping))

    assert prepared.users["user_id"].tolist() == [str(2**63 + user) for user in range(3)]
    assert set(prepared.items["item_id"]) <= {str(10**25 + item) for item in range(5)}
    assert set(prepared.items["price"]) == {1.25}
    assert dict(prepared.report.refused) == {"user is missing": 1}


def test_whole_numbers_that_became_floats_are_the_ids_they_were(tmp_path):
    rows = pd.DataFrame(plain_rows(), columns=COLUMNS).assign(customer=[7.0] * 6 + [8.0] * 6)
    rows.loc[0, "customer"] = None

    prepared = prepare(parquet_shop(tmp_path, pyarrow.Table.from_pandas(rows), MAPPING))

    assert prepared.users["user_id"].tolist() == ["7", "8"]


def test_categories_are_paths_whatever_the_spacing(tmp_path):
    prepared = prepare(shop(tmp_path, [*plain_rows(), row("u0", "new", -1, shelf="Food>Tea  >   Green")]))

    assert set(prepared.items["category"]) == {"Food > Tea > Green"}


@pytest.mark.parametrize(
    ("mapping", "complaint"),
    [
        ("file = ", "is not TOML"),
        ('file = "{file}"\nfiles = 1\n', "files is unknown; choose among file, columns, events"),
        (
            'file = "{file}"\n[columns]\nitem = "sku"\ntimestamp = "when"\n',
            r"columns\.user is missing; name the column",
        ),
        ('file = "{file}"\n[columns]\nuser = 3\n', r"columns\.user is 3; give it as text in quotes"),
        ('file = "{file}"\ncolumns = "all"\n', r"columns is 'all'; make it a table, \[columns\]"),
        (
            MAPPING.replace('brand = "maker"', 'colour = "maker"'),
            r"columns\.colour is unknown; choose among user, item",
        ),
        (MAPPING.replace('"purchase"', '"bought"'), r"events\.buy is 'bought'; choose one of view, click"),
        (MAPPING.replace('event = "kind"', ""), r"events is given without columns\.event"),
        (MAPPING.replace('file = "{file}"', ""), "file is None; give the CSV or Parquet file"),
        (MAPPING.replace("{file}", "gone.csv"), r"gone\.csv', which is not a file"),
        (
            MAPPING.replace('"sku"', '"item"'),
            r"has no column item; it has customer, sku, when, .*: name one of these",
        ),
    ],
)
def test_a_wrong_mapping_is_named_by_key_value_and_remedy(tmp_path, mapping, complaint):
    with pytest.raises(ValueError, match=complaint) as caught:
        prepare(shop(tmp_path, plain_rows(), mapping=mapping))

    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("size", [0, 3, 400, -1])
def test_a_truncated_parquet_is_refused_in_one_line(tmp_path, size):
    config = parquet_shop(
        tmp_path, pyarrow.Table.from_pandas(pd.DataFrame(plain_rows(), columns=COLUMNS)), MAPPING
    )
    file = tmp_path / "events.parquet"
    file.write_bytes(file.read_bytes()[:size])

    with pytest.raises(ValueError, match=r"events\.parquet.* copy or download it again") as caught:
        prepare(config)

    assert "\n" not in str(caught.value)


def test_a_parquet_with_damage_inside_is_refused_in_one_line(tmp_path):
    config = parquet_shop(
        tmp_path, pyarrow.Table.from_pandas(pd.DataFrame(plain_rows(), columns=COLUMNS)), MAPPING
    )
    file = tmp_path / "events.parquet"
    content = bytearray(file.read_bytes())
    content[4:400] = bytes(396)
    file.write_bytes(content)

    with pytest.raises(ValueError, match="cannot be read as Parquet") as caught:
        prepare(config)

    assert "\n" not in str(caught.value)
