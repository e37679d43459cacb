import numpy as np
import pytest

from scripts.benchmarks.quality.sessions import NETWORK, WITH, WITHOUT, figures_of, rows, table
from tests.model.session.visits import visits
from tests.scripts.benchmarks.toys import rows_of

GOOD = {"recall": 0.81, "accuracy": 0.88, "weighted F1": 0.885, "AUC": 0.93}
POOR = {"recall": 0.81, "accuracy": 0.60, "weighted F1": 0.65, "AUC": 0.78}


def seed(**change):
    scorers = {NETWORK: {**GOOD, **change}, "gradient boosting": GOOD}
    return {WITH: scorers, WITHOUT: {NETWORK: POOR, "gradient boosting": POOR}}


def test_goals_are_of_the_network_alone_and_the_same_without_the_leaking_column():
    found = {row.name.removeprefix("sessions, "): row for row in rows([seed(), seed(accuracy=0.87)])}

    assert found["all columns, network: accuracy"].measured == pytest.approx(0.875)
    assert found["all columns, network: accuracy"].met is False
    assert found["all columns, network: recall"].met is True
    assert found["without PageValues, network: accuracy"].met is False
    assert found["all columns, network: AUC"].met is None
    assert found["all columns, gradient boosting: accuracy"].met is None


def test_the_table_gives_mean_and_deviation_over_the_seeds():
    assert "| all columns: network | 0.8100 | 0.8750 ± 0.0071 |" in table([seed(), seed(accuracy=0.87)])


def test_calling_nobody_a_buyer_is_often_right_and_finds_none():
    figures = figures_of(np.arange(300) % 20 < 3, np.full(300, 0.15), np.zeros(300, bool))

    assert (figures["accuracy"], figures["recall"], figures["buyer F1"]) == (0.85, 0.0, 0.0)
    assert figures["calibration error"] == pytest.approx(0.0, abs=0.02)


@pytest.mark.slow
def test_the_short_benchmark_of_sessions_tells_what_the_leaking_column_is_worth(tmp_path):
    chosen = ("--short", "--seeds", "1", "--sessions", str(visits(tmp_path, count=600)))

    written = rows_of("model", "sessions", tmp_path / "cache", *chosen)

    assert all(row["measured"] is not None for row in written.values())
    boosting = {key: row["measured"] for key, row in written.items() if "gradient boosting: AUC" in key}
    assert boosting["sessions, all columns, gradient boosting: AUC"] > max(
        0.8, boosting["sessions, without PageValues, gradient boosting: AUC"]
    )
