import pandas as pd
import pytest

from model.data import prepare
from model.data.__main__ import main
from tests.model.data.shops import plain_rows, row, shop


def arguments(config):
    return ["--source", config.source, "--path", config.path]


def test_the_command_prints_the_report_and_what_to_do_next(tmp_path, capsys):
    config = shop(tmp_path, [*plain_rows(), row("u1", "i1", 1, units=0)])

    assert main(arguments(config)) == 0

    out = capsys.readouterr().out
    assert out.startswith(prepare(config).report.as_markdown())
    assert "| refused | quantity is zero | 1 |" in out
    assert (
        out.splitlines()[-1]
        == f"Next: python -m model.release --recipe baseline --source table --path {config.path}"
    )


def test_rows_kept_aside_are_written_where_asked(tmp_path, capsys):
    config = shop(tmp_path, [*plain_rows(), row("u1", "i1", 1, units=0)])

    assert main([*arguments(config), "--refused", str(tmp_path / "aside.csv")]) == 0

    aside = pd.read_csv(tmp_path / "aside.csv")
    assert aside[["outcome", "reason"]].to_numpy().tolist() == [["refused", "quantity is zero"]]


@pytest.mark.parametrize(
    "wrong",
    [
        ["--source", "netflix"],
        ["--holdout", "week"],
        ["--source", "rees46", "--path", "gone.csv"],
        ["--path", "somewhere"],
    ],
)
def test_wrong_input_is_one_line_and_exit_code_one(wrong, capsys):
    assert main(wrong) == 1

    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("error: ")
    assert len(captured.err.splitlines()) == 1


def test_rows_that_cannot_be_written_leave_nothing_behind(tmp_path, capsys):
    (tmp_path / "aside.csv").mkdir()
    config = shop(tmp_path, plain_rows())

    assert main([*arguments(config), "--refused", str(tmp_path / "aside.csv")]) == 1

    assert "aside.csv', which cannot be written" in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["aside.csv", "events.csv", "shop.toml"]
