"""Catalogues and preparation in small: what is measured is right, and what is concluded from it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from scripts.benchmarks.catalogue.answer import recall
from scripts.benchmarks.catalogue.build import VARIANTS
from scripts.benchmarks.catalogue.generated import CHOOSING, ITEMS, MEASURED, K, generate, truth
from scripts.benchmarks.preparation.generated import generate as generate_events
from scripts.benchmarks.result import FOLDER
from scripts.benchmarks.scale import MILLION, SHORT, Found, Prepared, most_events, rows

PROJECT = Path(__file__).parents[3]


def found(items, variant, p50=1.0, share=1.0, size=2.0):
    return Found(items=items, variant=variant, p50=p50, recall=share, build=1.0, size=size, peak=3.0)


def prepared(millions, mib_a_million):
    return [Prepared(events=n * MILLION, seconds=1.0, peak=200 + n * mib_a_million) for n in millions]


def measured(share=1.0, mib_a_million=60, millions=(1, 2, 4)):
    growing = [
        found(items, name, share=share, p50=items / 1000) for items in (1000, 4000) for name in VARIANTS
    ]
    return {row.name: row for row in rows(growing, prepared(millions, mib_a_million))}


def test_the_truth_is_what_sorting_all_items_says(tmp_path):
    generate(70_000, 5, seed=1, folder=tmp_path)
    items, queries = np.load(tmp_path / ITEMS), np.load(tmp_path / MEASURED)

    best = truth(items, queries)

    expected = np.argsort(-(queries @ items.T), axis=1)[:, :K]
    assert recall(best, expected) == 1.0
    assert not np.array_equal(queries, np.load(tmp_path / CHOOSING))


def test_recall_counts_what_was_found_in_any_order():
    assert recall(np.array([[3, 1], [9, 8]]), np.array([[1, 3], [9, 7]])) == 0.75


def test_growth_is_by_doubling_and_the_memory_of_a_hundred_million_is_a_line_drawn_on():
    named = measured(mib_a_million=60)

    assert named["faiss HNSW: time per doubling"].measured == pytest.approx(2.0)
    assert named["memory a million events more take"].measured == pytest.approx(60)
    wanted = named["memory of 100,000,000 events, extrapolated from 4,000,000"]
    assert (wanted.measured, wanted.met) == (pytest.approx(6200), True)


def test_what_finds_too_little_or_takes_too_much_misses_its_goal():
    named = measured(share=0.97, mib_a_million=100)

    assert named["4,000 items, faiss IVF: recall@10"].met is False
    assert named["memory of 100,000,000 events, extrapolated from 4,000,000"].met is False


def test_a_hundred_million_that_were_measured_are_not_extrapolated():
    named = measured(mib_a_million=81, millions=(1, 2, 100))

    assert named["memory of 100,000,000 events"].measured == 8300
    assert named["memory of 100,000,000 events"].met is False


@pytest.mark.parametrize(
    ("memory", "disk", "millions"), [(20_000, 10**12, 100), (20_000, 10**10, 50), (1_470, 10**12, 21)]
)
def test_the_largest_file_is_what_memory_and_disk_have_room_for(memory, disk, millions):
    assert most_events(prepared((1, 2, 4), 60), memory, disk) == millions * MILLION


def test_a_generated_shop_has_that_many_events_in_order_at_one_price_an_item(tmp_path):
    generate_events(3_000, seed=1, file=tmp_path / "events.csv")

    events = pd.read_csv(tmp_path / "events.csv")
    assert len(events) == 3_000
    assert events["event_time"].is_monotonic_increasing
    assert (events.groupby("product_id")[["price", "brand", "category_code"]].nunique() == 1).all(axis=None)
    assert set(events["event_type"]) == {"view", "cart", "purchase"}


@pytest.mark.slow
def test_the_short_benchmark_builds_asks_and_prepares_for_real():
    run = subprocess.run(
        [sys.executable, "-m", "scripts.benchmarks.scale", "--short"],
        cwd=PROJECT,
        env=os.environ,
        capture_output=True,
        text=True,
        check=False,
    )

    assert run.returncode == 0, run.stderr
    assert "a minute" in run.stdout.splitlines()[0]
    written = {
        row["name"]: row["measured"] for row in json.loads((FOLDER / "scale.json").read_text())["rows"]
    }
    assert all(value is not None for value in written.values())
    for items in SHORT.items:
        assert written[f"{items:,} items, exact, in the graph as shipped: recall@10"] == 1.0
        for variant in ("faiss HNSW", "faiss IVF"):
            assert written[f"{items:,} items, {variant}: recall@10"] > 0.9
