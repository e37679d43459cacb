"""Smaller variants of one release against their goals: what each keeps, how small and how fast it is."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch
from rich.console import Console

from model.architecture import Recommender
from model.artifact import cache_folder, release_store
from model.calibrate import Calibration
from model.compress.comparison import Entry, compare
from model.compress.network import ALONE, STUDENT
from model.compress.precision import int8_dynamic
from model.compress.speed import speeds
from model.compress.variant import MIN_SHARE, VARIANTS
from model.compress.workshop import Workshop
from model.export import export
from model.inputs import ReleaseConfig, add_inputs
from model.progress import console_progress
from model.release import build_release
from model.tags import ItemTags
from scripts.benchmarks.machine import describe
from scripts.benchmarks.result import Result, Row

__all__ = ["main", "rows"]

MIN_INT8_SHARE, MIN_INT8_OVERLAP = 0.99, 0.95
MIN_SMALLER, MIN_FASTER_WIDE = 15.0, 2.3
MIN_HALF_SHARE, MIN_HALF_FASTER = 0.98, 1.5
MIN_TAUGHT = 1.01
# The student is held against its twin by itself, whatever is exported.
NAMED = ("fp32", "int8", "half")


def main() -> None:
    """Compare the variants of a release."""
    parser = argparse.ArgumentParser(prog="scripts/bench compression", description=__doc__)
    add_inputs(parser)
    parser.add_argument("--short", action="store_true", help="only the variants that goals name")
    chosen = vars(parser.parse_args())
    short = chosen.pop("short")
    variants = [each for each in VARIANTS if each.name in NAMED or not short]
    config, console = ReleaseConfig(**chosen), Console()
    console.print(
        f"recipe {config.recipe}, {len(variants)} variants: baseline's take five minutes on two quiet cores, and "
        "about three times its training the first time, for what trains again"
    )
    started = time.monotonic()
    try:
        with console_progress(console) as progress, tempfile.TemporaryDirectory() as folder:
            release = build_release(config, release_store(), console.print, progress)
            shop = Workshop.of(config, release, Path(folder), progress)
            entries = compare(shop, variants, cache_folder() / "variants", MIN_SHARE, console.print)
            faster = _faster_at_width_256(shop, Path(folder))
            console.print("student-alone: the same student without a teacher")
            taught = shop.quality(STUDENT) / max(shop.quality(ALONE), 1e-12)
    except (ValueError, OSError) as error:
        sys.exit(f"error: {error}")
    result = Result(
        name="compression",
        machine=describe(["torch", "onnxruntime"]),
        seconds=time.monotonic() - started,
        rows=rows(entries, faster, taught),
    )
    console.print(result.table())
    print(f"next: the figures are in {result.write()}; scripts/report shows them side by side")


def rows(entries: Sequence[Entry], faster: float, taught: float) -> list[Row]:
    """Goals and what was measured; a variant that was refused has its share, but no speed."""
    by_name = {entry.name: entry for entry in entries}
    whole, small, half = by_name["fp32"], by_name["int8"], by_name["half"]
    found = [
        Row(name="int8 keeps of fp32's NDCG@10", measured=small.kept.share, unit="", goal=MIN_INT8_SHARE),
        Row(name="int8: overlap of the top 10", measured=small.kept.overlap, unit="", goal=MIN_INT8_OVERLAP),
        Row(
            name=f"smallest file that keeps {MIN_SHARE:.0%}: times smaller than fp32",
            measured=max(whole.kept.size / entry.kept.size for entry in entries if entry.speed),
            unit="x",
            goal=MIN_SMALLER,
        ),
        Row(name="int8 at width 256: times as fast", measured=faster, unit="x", goal=MIN_FASTER_WIDE),
        Row(
            name="half the heads and channels: share of fp32's NDCG@10",
            measured=half.kept.share,
            unit="",
            goal=MIN_HALF_SHARE,
        ),
        Row(
            name="half the heads and channels: times as fast as fp32",
            measured=whole.speed.p50_1 / half.speed.p50_1 if whole.speed and half.speed else None,
            unit="x",
            goal=MIN_HALF_FASTER,
        ),
        Row(
            name="student: NDCG@10 against the same student trained alone",
            measured=taught,
            unit="x",
            goal=MIN_TAUGHT,
        ),
    ]
    for entry in entries:
        measured = entry.speed.p50_1 if entry.speed else None
        found.append(Row(name=f"{entry.name}: share of fp32's NDCG@10", measured=entry.kept.share, unit=""))
        found.append(Row(name=f"{entry.name}: p50 at batch 1", measured=measured, unit="ms"))
    return found


def _faster_at_width_256(shop: Workshop, folder: Path) -> float:
    """p50 of fp32 over that of int8; weights are random, since they make no answer slower or faster."""
    config = replace(shop.model.config, width=256, feed_width=1024, heads=4)
    rows_of_items = config.catalogue + 1
    tags = ItemTags(torch.zeros(rows_of_items, 1, dtype=torch.int64), 1, torch.zeros(rows_of_items))
    whole, small = folder / "wide", folder / "wide-int8"
    for place in (whole, small):
        place.mkdir()
        shutil.copy2(shop.source.file("histories.parquet"), place)
    export(Recommender(config, tags), Calibration(1.0, 0.0), whole)
    int8_dynamic(whole, small)
    exact, rounded = speeds([whole, small], config.max_history)
    return exact.p50_1 / rounded.p50_1


if __name__ == "__main__":
    main()
