import pytest

from scripts.benchmarks.quality.feature import WHOLE, rows, table
from tests.model.habits import habits
from tests.scripts.benchmarks.toys import rows_of


def test_a_feature_that_helps_is_one_whose_lack_costs_on_validation():
    found = {
        WHOLE: [{"validation": 0.20, "test": 0.2}, {"validation": 0.22, "test": 0.2}],
        "without brand": [{"validation": 0.20, "test": 0.3}, {"validation": 0.20, "test": 0.3}],
        "without times": [{"validation": 0.22, "test": 0.1}, {"validation": 0.22, "test": 0.1}],
    }
    verdicts = {row.name: row.met for row in rows(found)}

    assert verdicts["without brand, validation: NDCG@10"]
    assert not verdicts["without times, validation: NDCG@10"]
    assert verdicts["without brand, test: NDCG@10"] is None
    assert "| without brand | 0.2000 | 0.3000 |" in table(found)


@pytest.mark.slow
def test_the_short_feature_benchmark_runs_on_any_data_and_writes_every_row(tmp_path):
    data = habits(tmp_path)
    chosen = ("--features", "--short", "--seeds", "1", "--source", data.source, "--path", data.path)

    written = rows_of("model", "features", tmp_path / "cache", *chosen)

    for name in ("all features", "without category", "without price", "without times"):
        assert written[f"{name}, validation: NDCG@10"]["measured"] > 0
