import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.data import DataConfig, prepare
from model.data.source import source_fingerprint
from tests.model.data.shops import COLUMNS, FILES, plain_rows, shop

PROJECT = Path(__file__).parents[3]
OTHER = {
    "customer": "someone",
    "sku": "something",
    "when": "2023-05-05",
    "kind": "look",
    "units": 5,
    "paid": 2.01,
    "name": "renamed",
    "shelf": "Elsewhere",
    "maker": "Theirs",
}


@pytest.mark.slow
def test_the_same_files_give_the_same_data_in_every_process(tmp_path):
    config = shop(tmp_path, plain_rows())
    script = (
        "from model.data import *; from model.data.source import source_fingerprint as s;"
        f"c = {config!r}; print(prepare(c).fingerprint, s(c))"
    )
    prints = {
        subprocess.run(
            [sys.executable, "-c", script],
            cwd=PROJECT,
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for seed in ("1", "2")
    }

    assert prints == {f"{prepare(config).fingerprint} {source_fingerprint(config)}"}


@pytest.mark.slow
@FILES
@given(position=st.integers(0, len(plain_rows()) - 1), column=st.sampled_from(COLUMNS))
def test_any_other_value_gives_another_fingerprint(tmp_path, position, column):
    rows = plain_rows()
    before = shop(tmp_path, rows)
    prepared, source = prepare(before).fingerprint, source_fingerprint(before)

    rows[position][COLUMNS.index(column)] = OTHER[column]
    after = shop(tmp_path, rows)

    assert prepare(after).fingerprint != prepared
    assert source_fingerprint(after) != source


def test_a_price_that_is_missing_is_another_value(tmp_path):
    rows = plain_rows()
    before = prepare(shop(tmp_path, rows)).fingerprint
    rows[0][COLUMNS.index("paid")] = None

    assert prepare(shop(tmp_path, rows)).fingerprint != before


def test_the_holdout_is_part_of_the_fingerprints(tmp_path):
    basket, item = (shop(tmp_path, plain_rows(), holdout=holdout) for holdout in ("basket", "item"))

    assert prepare(basket).fingerprint != prepare(item).fingerprint
    assert source_fingerprint(basket) != source_fingerprint(item)


def test_equal_files_elsewhere_have_equal_fingerprints(tmp_path):
    folders = [tmp_path / "here", tmp_path / "there"]
    for folder in folders:
        folder.mkdir()
    one, other = (shop(folder, plain_rows()) for folder in folders)

    assert source_fingerprint(one) == source_fingerprint(other)
    assert prepare(one).fingerprint == prepare(other).fingerprint


def test_the_attributes_beside_sequences_are_part_of_the_fingerprints(tmp_path):
    file = tmp_path / "toys.txt"
    file.write_text("1 10 20 30 40\n2 20 30 10\n")
    config = DataConfig(source="sequences", path=str(file))
    before = source_fingerprint(config), prepare(config).fingerprint
    (tmp_path / "toys_item2attributes.json").write_text('{"10": [1]}')
    after = source_fingerprint(config), prepare(config).fingerprint

    assert before[0] != after[0]
    assert before[1] != after[1]


@pytest.mark.parametrize(
    ("config", "complaint"),
    [
        (
            DataConfig(source="netflix"),
            "source is 'netflix', which is unknown; choose one of completejourney, seq",
        ),
        (DataConfig(source="rees46"), "path is empty; source 'rees46' needs the path of a file"),
        (
            DataConfig(source="rees46", path="gone.csv"),
            "path is 'gone.csv', which is not a file; give the path",
        ),
        (
            DataConfig(source="sequences", path="gone.txt"),
            "path is 'gone.txt', which is not a file; give the path",
        ),
        (
            DataConfig(source="table", path="gone.toml"),
            "path is 'gone.toml', which is not a file; give the path",
        ),
        (DataConfig(path="somewhere"), "path is 'somewhere', but completejourney comes with its package"),
    ],
)
def test_a_preview_names_what_is_wrong_as_preparing_does(config, complaint):
    for stage in (source_fingerprint, prepare):
        with pytest.raises(ValueError, match=complaint):
            stage(config)


@pytest.mark.parametrize("source", ["sequences", "rees46", "table"])
def test_an_empty_file_is_named(tmp_path, source):
    empty = tmp_path / "empty"
    empty.touch()

    for stage in (source_fingerprint, prepare):
        with pytest.raises(ValueError, match=r"empty', an empty file; copy or download it again"):
            stage(DataConfig(source=source, path=str(empty)))
