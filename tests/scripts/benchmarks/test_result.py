import json
from math import inf, nan

import pytest
from rich.console import Console

from scripts.benchmarks.result import Result, Row


def result(*rows: Row) -> Result:
    return Result(name="speed", machine={"cpu": "a"}, seconds=1.234, rows=rows)


@pytest.mark.parametrize(
    ("measured", "better", "met"),
    [(4.0, "more", True), (3.99, "more", False), (4.0, "less", True), (4.01, "less", False)],
)
def test_a_goal_is_the_least_or_the_most_that_will_do(measured, better, met):
    assert Row(name="r", measured=measured, unit="x", goal=4.0, better=better).met is met


@pytest.mark.parametrize("nothing", [None, nan, inf])
@pytest.mark.parametrize("better", ["more", "less"])
def test_what_could_not_be_measured_misses_its_goal_and_is_null(nothing, better):
    row = Row(name="r", measured=nothing, unit="x", goal=4.0, better=better)

    assert row.as_dict() == {"name": "r", "measured": None, "goal": 4.0, "unit": "x", "met": False}


def test_the_file_holds_every_row_met_missed_and_without_a_goal(tmp_path):
    rows = [
        Row(name="good", measured=1.23456789, unit="ms", goal=2, better="less"),
        Row(name="bad", measured=3, unit="ms", goal=2, better="less"),
        Row(name="plain", measured=7, unit="/s"),
    ]

    file = result(*rows).write(tmp_path / "new" / "folder")

    assert file.name == "speed.json"
    assert json.loads(file.read_text()) == {
        "machine": {"cpu": "a"},
        "seconds": 1.2,
        "rows": [
            {"name": "good", "measured": 1.235, "goal": 2, "unit": "ms", "met": True},
            {"name": "bad", "measured": 3, "goal": 2, "unit": "ms", "met": False},
            {"name": "plain", "measured": 7, "goal": None, "unit": "/s", "met": None},
        ],
    }


def test_a_second_run_replaces_the_file_of_the_first(tmp_path):
    result(Row(name="old", measured=1, unit="")).write(tmp_path)
    file = result(Row(name="new", measured=1, unit="")).write(tmp_path)

    assert [row["name"] for row in json.loads(file.read_text())["rows"]] == ["new"]
    assert list(tmp_path.iterdir()) == [file]


def test_the_table_says_goal_measured_and_verdict(capsys):
    rows = [
        Row(name="gain", measured=2.913, unit="x", goal=4),
        Row(name="overhead", measured=0.68, unit="ms", goal=1, better="less"),
        Row(name="rate", measured=1588.2, unit="/s"),
        Row(name="none", measured=None, unit="ms", goal=1, better="less"),
    ]

    Console(width=80).print(result(*rows).table())

    lines = {line.split("│")[1].strip(): line for line in capsys.readouterr().out.splitlines() if "│" in line}
    assert [part.strip() for part in lines["gain"].split("│")[2:5]] == [">= 4 x", "2.91 x", "missed"]
    assert [part.strip() for part in lines["overhead"].split("│")[2:5]] == ["<= 1 ms", "0.68 ms", "met"]
    assert [part.strip() for part in lines["rate"].split("│")[2:5]] == ["", "1,588 /s", ""]
    assert [part.strip() for part in lines["none"].split("│")[2:5]] == ["<= 1 ms", "not measured", "missed"]
