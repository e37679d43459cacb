import math
from pathlib import Path

import pytest

from model.artifact import Artifact, Manifest
from model.report import RANKING, RELEASED, TWIN
from scripts.benchmarks.model import rows, table


def release(ndcg: float, twin: float = 0.2, baseline: float = 0.15) -> Artifact:
    def figures(value):
        return dict.fromkeys(RANKING, value)

    pairs = {
        "uniform negatives": {"accuracy": 0.9, "recall": 0.9, "f1": 0.86, "auc": 0.95},
        "popularity negatives": {"accuracy": 0.6},
    }
    ranking = {RELEASED: figures(ndcg), TWIN: figures(twin), "popularity": figures(baseline)}
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
        metrics={"ranking": ranking, "pairs": pairs, "calibration_error": 0.006},
    )
    return Artifact(Path(), manifest)


def test_the_table_gives_mean_and_deviation_and_leaves_out_a_deviation_of_nothing():
    text = table([release(0.19), release(0.20), release(0.21)])

    assert "| 0.2000 ± 0.0100 |" in text
    assert f"| {TWIN} | 0.2000 |" in text


@pytest.mark.parametrize(
    ("ndcg", "verdicts"), [(0.2, [True, True]), (0.149, [False, False]), (0.19, [True, False])]
)
def test_a_goal_that_is_missed_is_a_row_too(ndcg, verdicts):
    found = rows([release(ndcg)] * 3)

    assert [row.met for row in found[:2]] == verdicts
    assert not any(math.isnan(row.measured) for row in found)


def test_the_purchase_chance_is_held_to_its_goals_among_uniform_negatives_alone():
    found = {row.name.removeprefix("purchase chance"): row for row in rows([release(0.2)] * 3)}
    uniform = ", uniform negatives: "

    assert [found[uniform + metric].met for metric in ("accuracy", "recall", "f1")] == [True, True, False]
    assert found[uniform + "auc"].met is None
    assert found[", popularity negatives: accuracy"].met is None
    assert found[" of items bought before: expected calibration error"].measured == 0.006
