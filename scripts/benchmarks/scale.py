"""Catalogues up to a million items, exact and not; and preparing ever more events: time, memory, growth."""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from scripts.benchmarks.catalogue.answer import GOAL
from scripts.benchmarks.catalogue.build import VARIANTS, build
from scripts.benchmarks.catalogue.generated import CHOOSING, ITEMS, MEASURED, generate, truth
from scripts.benchmarks.machine import available_memory, describe
from scripts.benchmarks.preparation.generated import generate as generate_events
from scripts.benchmarks.result import Result, Row

__all__ = [
    "FULL",
    "SHORT",
    "Found",
    "Plan",
    "Prepared",
    "catalogue_table",
    "main",
    "measure",
    "most_events",
    "prepare",
    "rows",
]

MIB = 1 << 20
MILLION = 1_000_000
# What the issue asks of preparation: so many events in so much memory.
EVENTS_WANTED, MEMORY_WANTED = 100 * MILLION, 8 * 1024
# Of the file itself, and of what preparation lays aside while it sorts.
DISK_BYTES_AN_EVENT = 100 + 100


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Catalogues and event files of these sizes, each about twice the one before.

    With `largest`, the largest file that this machine has room for comes last.
    """

    items: Sequence[int]
    events: Sequence[int]
    largest: bool = False
    queries: int
    about: str


FULL = Plan(
    items=tuple(MILLION >> step for step in range(7, -1, -1)),
    events=tuple(MILLION << step for step in range(5)),
    largest=True,
    queries=300,
    about="about an hour and a half on two quiet cores (an estimate), up to 8 GB of memory and 20 GB of disk",
)
SHORT = Plan(
    items=(1_000, 2_000), events=(10_000, 20_000), queries=20, about="a minute; its figures mean nothing"
)


@dataclass(frozen=True, kw_only=True)
class Found:
    """One index over one catalogue: ms a query, seconds to build, MiB of the file and of the process that answers."""

    items: int
    variant: str
    p50: float
    recall: float
    build: float
    size: float
    peak: float


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """One file of events: seconds, and MiB at the peak."""

    events: int
    seconds: float
    peak: float


def main() -> None:
    """Measure, print, write JSON."""
    parser = argparse.ArgumentParser(prog="scripts/bench scale", description=__doc__)
    parser.add_argument("--short", action="store_true", help="small sizes, coarse figures")
    plan, console = SHORT if parser.parse_args().short else FULL, Console()
    console.print(f"generated items and events: {plan.about}")
    started = time.monotonic()
    machine = describe(["faiss-cpu", "onnxruntime", "pandas", "numpy"])
    try:
        with tempfile.TemporaryDirectory() as folder:
            found = list(measure(plan, Path(folder), console.print))
            prepared = list(prepare(plan, Path(folder), console.print))
    except subprocess.CalledProcessError as error:
        last = (error.stderr.strip().splitlines() or ["it said nothing, so perhaps memory ran out"])[-1]
        sys.exit(f"error: {' '.join(error.cmd[2:5])} ended with {error.returncode}: {last}")
    except (ValueError, OSError) as error:
        sys.exit(f"error: {error}")
    seconds = time.monotonic() - started
    whole = Result(name="scale", machine=machine, seconds=seconds, rows=rows(found, prepared))
    console.print(catalogue_table(found))
    console.print(replace(whole, rows=[row for row in whole.rows if row.goal is not None]).table())
    print(f"next: every figure is in {whole.write()}; model/README.md says what follows from them")


def measure(plan: Plan, folder: Path, say: Callable[[str], None]) -> Iterator[Found]:
    """Every variant over every catalogue, each answering in a process of its own."""
    for items in plan.items:
        place = folder / str(items)
        place.mkdir()
        generate(items, plan.queries, seed=0, folder=place)
        for queries in (CHOOSING, MEASURED):
            best = truth(np.load(place / ITEMS), np.load(place / queries))
            np.save(place / queries.replace(".npy", "-truth.npy"), best)
        for variant in VARIANTS:
            index = place / variant
            index.mkdir()
            began = time.monotonic()
            build(variant, place, index)
            seconds = time.monotonic() - began
            answered = _run("catalogue.answer", variant, index, place)
            size = sum(file.stat().st_size for file in index.iterdir()) / MIB
            found = Found(items=items, variant=variant, size=size, build=seconds, **answered)
            say(f"{items:,} items, {VARIANTS[variant]}: {found.p50:.3f} ms, recall {found.recall:.3f}")
            yield found
            for file in index.iterdir():
                file.unlink()
        for file in place.glob("*.npy"):
            file.unlink()


def prepare(plan: Plan, folder: Path, say: Callable[[str], None]) -> Iterator[Prepared]:
    """`model.data.prepare` on every file of events, each in a process of its own."""
    found = []
    for events in plan.events:
        found.append(_prepared(events, folder, say))
        yield found[-1]
    if plan.largest:
        events = most_events(found, available_memory(), shutil.disk_usage(folder).free)
        if events > plan.events[-1]:
            yield _prepared(events, folder, say)


def _prepared(events: int, folder: Path, say: Callable[[str], None]) -> Prepared:
    file = folder / "events.csv"
    generate_events(events, seed=0, file=file)
    found = _run("preparation.probe", file)
    file.unlink()
    say(f"{events:,} events prepared: {found['seconds']:.1f} s, {found['peak']:,.0f} MiB")
    return Prepared(events=events, seconds=found["seconds"], peak=found["peak"])


def most_events(prepared: Sequence[Prepared], memory: float, disk: int) -> int:
    """How many whole millions of events are in reach of so many MiB of memory and bytes of disk, by what is measured.

    Never more than are wanted.
    """
    slope, start = _line(prepared)
    by_memory = (memory - start) / slope if slope > 0 else EVENTS_WANTED
    return int(min(EVENTS_WANTED, by_memory, disk / DISK_BYTES_AN_EVENT)) // MILLION * MILLION


def _run(module: str, *arguments: str | Path) -> dict[str, Any]:
    command = [sys.executable, "-m", f"scripts.benchmarks.{module}", *map(str, arguments)]
    answer = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found: dict[str, Any] = json.loads(answer)
    return found


def rows(found: Sequence[Found], prepared: Sequence[Prepared]) -> list[Row]:
    """Recall of every index and the memory of a hundred million events have goals; the rest is measured."""
    lines = []
    for each in found:
        name = f"{each.items:,} items, {VARIANTS[each.variant]}"
        lines.append(Row(name=f"{name}: recall@10", measured=each.recall, unit="", goal=GOAL))
        for word, value, unit in (
            ("p50, one thread", each.p50, "ms"),
            ("build", each.build, "s"),
            ("file", each.size, "MiB"),
            ("process that answers, peak", each.peak, "MiB"),
        ):
            lines.append(Row(name=f"{name}: {word}", measured=value, unit=unit))
    for variant, name in VARIANTS.items():
        of_it = [each for each in found if each.variant == variant]
        for word, field in (("time", "p50"), ("file", "size")):
            growth = _growth([(each.items, getattr(each, field)) for each in of_it])
            lines.append(Row(name=f"{name}: {word} per doubling", measured=growth, unit="x"))
    return [*lines, *_preparation(prepared)]


def _preparation(prepared: Sequence[Prepared]) -> Iterator[Row]:
    for each in prepared:
        yield Row(name=f"{each.events:,} events prepared: peak", measured=each.peak, unit="MiB")
        yield Row(name=f"{each.events:,} events prepared", measured=each.seconds, unit="s")
    slope, start = _line(prepared)
    yield Row(name="memory a million events more take", measured=slope * MILLION, unit="MiB")
    largest = prepared[-1]
    reached = largest.events >= EVENTS_WANTED
    yield Row(
        name=f"memory of {EVENTS_WANTED:,} events"
        + ("" if reached else f", extrapolated from {largest.events:,}"),
        measured=largest.peak if reached else start + slope * EVENTS_WANTED,
        unit="MiB",
        goal=MEMORY_WANTED,
        better="less",
    )


def _line(prepared: Sequence[Prepared]) -> tuple[float, float]:
    """MiB that one event more takes, and those that none takes."""
    slope, start = np.polyfit([each.events for each in prepared], [each.peak for each in prepared], 1)
    return float(slope), float(start)


def _growth(points: Sequence[tuple[int, float]]) -> float:
    """By how much a doubling multiplies, over all of them."""
    (first, low), (last, high) = points[0], points[-1]
    return float((high / low) ** (1 / np.log2(last / first)))


def catalogue_table(found: Sequence[Found]) -> Table:
    """A line a catalogue; of each index ms / recall / MiB of its file."""
    table = Table(title="generated catalogues: p50 ms / recall@10 / MiB", title_justify="left", box=None)
    table.add_column("items", justify="right", no_wrap=True)
    by_size: dict[int, dict[str, Found]] = {}
    for each in found:
        by_size.setdefault(each.items, {})[each.variant] = each
    for variant in VARIANTS:
        table.add_column(variant, justify="right", no_wrap=True)
    for items, variants in by_size.items():
        table.add_row(f"{items:,}", *(_cell(variants, variant) for variant in VARIANTS))
    return table


def _cell(variants: Mapping[str, Found], variant: str) -> str:
    each = variants[variant]
    return f"{each.p50:.3g} / {each.recall:.3f} / {each.size:.3g}"


if __name__ == "__main__":
    main()
