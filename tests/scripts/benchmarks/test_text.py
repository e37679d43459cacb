import pytest

from scripts.benchmarks.quality.text import ALL, ATTRIBUTES, COLD, IDS, NAMES, TEXT, TUNED, rows, table
from tests.model.habits import habits
from tests.scripts.benchmarks.toys import rows_of


def seed(**by_name):
    counts = {"requests": 2406, "cold requests": 707, "cold items": 39434}
    return dict.fromkeys(NAMES, 0.01) | counts | by_name


@pytest.fixture
def found():
    return {
        IDS: [seed()],
        ATTRIBUTES: [seed(**{ALL: 0.2, COLD: 0.002}), seed(**{ALL: 0.2, COLD: 0.004})],
        TEXT: [seed(**{ALL: 0.19, COLD: 0.005})],
        TUNED: [seed(**{ALL: 0.21, COLD: 0.002})],
    }


def test_texts_have_to_help_cold_items_and_nobody_may_pay_for_it(found):
    verdicts = {row.name: row.met for row in rows(found)}

    assert verdicts[f"{TEXT}: {COLD}"]
    assert not verdicts[f"{TEXT}: {ALL}"]
    assert verdicts[f"{TUNED}: {ALL}"]
    assert not verdicts[f"{TUNED}: {COLD}"]
    assert verdicts[f"{ATTRIBUTES}: {ALL}"] is None


def test_the_table_has_the_spread_of_several_seeds_and_says_how_much_stands_behind_it(found):
    shown = table(found)

    assert "0.0030 ± 0.0014" in shown
    assert "2,406 requests, 707 of them with a cold item: one of 39,434" in shown


@pytest.mark.slow
def test_the_short_text_benchmark_runs_on_any_data_with_texts_and_writes_every_row(tmp_path):
    data = habits(tmp_path)
    chosen = ("--text", "--short", "--seeds", "1", "--source", data.source, "--path", data.path)

    written = rows_of("model", "text", tmp_path / "cache", *chosen)

    for arm in (IDS, ATTRIBUTES, TEXT, TUNED):
        assert written[f"{arm}: {ALL}"]["measured"] > 0
    assert written["requests"]["measured"] == 50
