from pathlib import Path

import pytest

from model.artifact import Artifact, Manifest
from model.report import ALONE, RELEASED, TWIN
from scripts.benchmarks.quality import yardstick
from scripts.benchmarks.quality.yardstick import Yardstick, rows
from tests.scripts.benchmarks.toys import lists, rows_of


def release(**ndcg_by_scorer: float) -> Artifact:
    names = {"released": RELEASED, "twin": TWIN, "alone": ALONE}
    ranking = {names[key]: {"ndcg": value, "hr": 1.7 * value} for key, value in ndcg_by_scorer.items()}
    manifest = Manifest(
        model="m",
        version="1",
        precision="int8",
        files={},
        data="d",
        recipe="r",
        seed=0,
        git_commit="c",
        catalogue=1,
        max_history=1,
        metrics={"ranking": ranking},
    )
    return Artifact(Path(), manifest)


@pytest.fixture
def found():
    return Yardstick(
        releases=[release(released=0.06, twin=0.06, alone=0.0525)],
        by_ids=[release(released=0.05, twin=0.058, alone=0.050)],
        retrained=[{TWIN: {"ndcg": 0.065, "hr": 0.11}}],
    )


def test_the_published_figures_are_goals_of_the_papers_own_file_alone(found, tmp_path, monkeypatch):
    file = lists(tmp_path)
    assert all(row.goal is None for row in rows(found, file)[:4])

    monkeypatch.setattr(yardstick, "BEAUTY_MD5", yardstick.md5_of(file))
    assert [row.goal for row in rows(found, file)[:4]] == [0.0611, 0.0531, 0.1008, 0.0928]
    assert [row.met for row in rows(found, file)[:4]] == [False, True, True, True]


def test_what_the_attributes_are_worth_is_a_ratio_in_the_same_recipe(found, tmp_path):
    gains = {row.name: row for row in rows(found, lists(tmp_path)) if row.unit == "x"}

    assert [round(row.measured, 3) for row in gains.values()] == [1.034, 1.05]
    assert [row.met for row in gains.values()] == [False, True]


@pytest.mark.slow
def test_the_short_yardstick_runs_on_any_file_of_the_format_and_writes_every_row(tmp_path):
    chosen = ("--short", "--seeds", "1", "--yardstick", str(lists(tmp_path)))

    written = rows_of("model", "yardstick", tmp_path / "cache", *chosen)

    for row in ("NDCG@10 of the release", "item attributes against ids only", "validation items trained on"):
        assert any(row in name for name in written)
    assert all(row["measured"] is not None for row in written.values())
