import pytest

from model.compress.comparison import Entry
from model.compress.speed import Speed
from model.compress.workshop import Kept
from scripts.benchmarks.compression import NAMED, rows
from tests.scripts.benchmarks.toys import lists, rows_of


def entry(name, share, size, p50):
    taken = Speed(p50_1=p50, p99_1=9.0, p50_8=9.0, p99_8=9.0, peak_mib=12.0) if p50 else None
    kept = Kept(ndcg=0.2 * share, share=share, overlap=0.96, size=size, flops=1)
    return Entry(name=name, about="a way", kept=kept, speed=taken)


def test_every_goal_has_its_row_also_where_a_variant_was_refused_or_is_not_there():
    entries = [entry("fp32", 1.0, 160, 2.0), entry("int8", 0.98, 40, 1.0), entry("half", 0.99, 80, 1.0)]
    entries.append(entry("product", 0.5, 8, None))
    found = {row.name: row for row in rows(entries, 2.5, 1.02)}

    assert found["int8 keeps of fp32's NDCG@10"].met is False
    assert found["int8: overlap of the top 10"].met is True
    # What was refused is small, but is not shipped.
    assert found["smallest file that keeps 97%: times smaller than fp32"].measured == 4.0
    assert found["product: p50 at batch 1"].measured is None
    assert found["half the heads and channels: times as fast as fp32"].met is True
    assert found["student: NDCG@10 against the same student trained alone"].met is True


def test_a_pruned_model_that_was_refused_has_no_speed_and_misses_its_goal():
    entries = [entry("fp32", 1.0, 160, 2.0), entry("int8", 0.98, 40, 1.0), entry("half", 0.9, 80, None)]
    found = {row.name: row for row in rows(entries, 2.5, 1.0)}

    assert found["student: NDCG@10 against the same student trained alone"].met is False
    assert found["half the heads and channels: times as fast as fp32"].measured is None
    assert found["half the heads and channels: times as fast as fp32"].met is False


@pytest.mark.slow
def test_the_short_benchmark_builds_every_variant_that_a_goal_names_and_writes_every_row(tmp_path):
    file = lists(tmp_path, users=120)
    chosen = ("--short", "--recipe", "sequences_smoke", "--source", "sequences", "--path", str(file))

    written = rows_of("compression", "compression", tmp_path / "cache", *chosen)

    assert {f"{name}: share of fp32's NDCG@10" for name in NAMED} <= written.keys()
    for name in ("int8 keeps of fp32's NDCG@10", "int8 at width 256: times as fast"):
        assert written[name]["measured"] > 0
