"""What training costs: NDCG@10 after a fixed time and positions a second, beside RecBole's SASRec on the same lists."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from rich.console import Console

from model.data import prepare
from model.inputs import ReleaseConfig
from model.progress import console_progress
from scripts.benchmarks.machine import cores, describe
from scripts.benchmarks.race import ours, peer
from scripts.benchmarks.race.course import Course
from scripts.benchmarks.race.peak import Profile, matmul_peak, profiled
from scripts.benchmarks.result import Result, Row

__all__ = ["FULL", "SHORT", "Found", "Plan", "main", "measure", "rows"]

MIN_PACE = 3.0
PEER = "RecBole's SASRec"
SECONDS_A_MINUTE = 60
GIGA = 1e9


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Our recipes by what the rows call them, the first of them as ignorant of the items as the peer is."""

    recipes: Mapping[str, str]
    profiled_steps: int
    peer: bool


FULL = Plan(
    recipes={"ids alone": "sequences_ids", "with attributes": "sequences"}, profiled_steps=60, peer=True
)
SHORT = Plan(
    recipes={"ids alone": "sequences_smoke_ids", "with attributes": "sequences_smoke"},
    profiled_steps=3,
    peer=False,
)


@dataclass(frozen=True, kw_only=True)
class Found:
    """Courses and NDCG@10 with votes by recipe, the peer's course where it ran, and the profile of a step."""

    courses: Mapping[str, Course]
    with_votes: Mapping[str, float]
    peer: Course | None
    profile: Profile
    peak: float


def main() -> None:
    """Train, print, write JSON."""
    parser = argparse.ArgumentParser(prog="scripts/bench training", description=__doc__)
    parser.add_argument("file", help="item lists as papers have them, as Beauty.txt")
    parser.add_argument("--minutes", type=float, default=10.0, help="for each of three trainings")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--short", action="store_true", help="seconds, small recipes, no peer")
    chosen, console = parser.parse_args(), Console()
    plan = SHORT if chosen.short else FULL
    started, machine = time.monotonic(), describe(["torch", "numpy"])
    try:
        if chosen.minutes <= 0:
            raise ValueError(f"--minutes is {chosen.minutes:g}; give more than 0")
        with tempfile.TemporaryDirectory() as folder:
            found = measure(
                plan, chosen.file, chosen.seed, chosen.minutes * SECONDS_A_MINUTE, Path(folder), console
            )
    except (ValueError, OSError) as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        sys.exit("interrupted: nothing is written")
    result = Result(
        name="training", machine=machine, seconds=time.monotonic() - started, rows=list(rows(found))
    )
    print(found.profile.slowest)
    console.print(result.table())
    print(f"next: every figure is in {result.write()}; model/README.md says what is compared")


def measure(plan: Plan, file: str, seed: int, seconds: float, folder: Path, console: Console) -> Found:
    """One trainer after the other, each with all cores; ValueError where one cannot run."""
    if plan.peer:
        peer.interpreter()
    threads = len(cores())
    torch.set_num_threads(threads)
    configs = {
        name: ReleaseConfig(recipe=recipe, source="sequences", path=file, seed=seed)
        for name, recipe in plan.recipes.items()
    }
    prepared = prepare(next(iter(configs.values())).data)
    courses, with_votes = {}, {}
    for name, config in configs.items():
        _announce(console, f"recipe {config.recipe}", seconds)
        trained = config.train_config(len(prepared.items))
        with console_progress(console) as progress:
            courses[name], with_votes[name] = ours.race(
                prepared, trained, seed, seconds, folder / config.recipe, progress
            )
    theirs = None
    if plan.peer:
        _announce(console, PEER, seconds)
        context = configs[next(iter(configs))].train_config(0).model.context
        theirs = peer.race(prepared, context, seed, seconds, threads, folder / "peer", console.print)
    console.print("profiling a step")
    first = next(iter(configs.values())).train_config(len(prepared.items))
    profile = profiled(prepared, first, plan.profiled_steps, folder / "profile")
    return Found(courses=courses, with_votes=with_votes, peer=theirs, profile=profile, peak=matmul_peak())


def _announce(console: Console, who: str, seconds: float) -> None:
    load = os.getloadavg()[0]
    console.print(
        f"{who}: {seconds / SECONDS_A_MINUTE:g} minutes at most, at a load of {load:.1f}", soft_wrap=True
    )


def rows(found: Found) -> Iterator[Row]:
    """The pace and the quality of every recipe against the peer's, then both sides' own figures and the profile."""
    theirs = found.peer
    for name, course in found.courses.items():
        yield Row(
            name=f"positions trained a second, {name}: times the peer's",
            measured=course.pace / theirs.pace if theirs else None,
            unit="x",
            goal=MIN_PACE,
        )
        for what, measured in (("the transformer", course.ndcg), ("with its votes", found.with_votes[name])):
            yield Row(
                name=f"NDCG@10, {name}, {what}, goal: above the peer",
                measured=measured,
                unit="",
                goal=theirs.ndcg if theirs else None,
            )
    courses = {**found.courses, PEER: theirs}
    for name, each in courses.items():
        yield from _course(name, each)
    rate = found.profile.operations / found.profile.seconds
    yield Row(name="a step of ours", measured=found.profile.seconds * 1000, unit="ms")
    yield Row(
        name="a step of ours: matrix multiplications", measured=found.profile.operations / GIGA, unit="GFLOP"
    )
    yield Row(name="a step of ours: their rate", measured=rate / GIGA, unit="GFLOP/s")
    yield Row(name="matrix-multiply peak, fp32, as many threads", measured=found.peak / GIGA, unit="GFLOP/s")
    yield Row(name="a step of ours: share of the peak", measured=100 * rate / found.peak, unit="%")


def _course(name: str, course: Course | None) -> Iterator[Row]:
    figures: dict[str, tuple[str, Callable[[Course], float]]] = {
        "NDCG@10": ("", lambda course: course.ndcg),
        "HR@10": ("", lambda course: course.hr),
        "positions trained a second": ("", lambda course: course.pace),
        "epochs begun": ("", lambda course: course.epochs),
        "time, with looks at validation": ("s", lambda course: course.seconds),
        "cores that it had": ("", lambda course: course.cores),
    }
    for figure, (unit, of) in figures.items():
        yield Row(name=f"{name}: {figure}", measured=of(course) if course else None, unit=unit)


if __name__ == "__main__":
    main()
