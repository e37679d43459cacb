"""What every benchmark of running servers does: its command, a release, a folder held alone, progress."""

from __future__ import annotations

import argparse
import fcntl
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, NoReturn, TypeVar

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from model.artifact import Artifact, release_store
from scripts.benchmarks.machine import cores
from scripts.benchmarks.result import FOLDER, Result
from serving.failure import ServerError

__all__ = ["alone", "announcement", "command", "shown", "subject"]

LOCAL_RELEASE = FOLDER.parent / "local" / "release"
PROJECT = FOLDER.parents[1]
INTERRUPTED = 130
Plan = TypeVar("Plan")


def command(
    name: str,
    about: str | None,
    plans: Mapping[Literal["short", "full"], Plan],
    bench: Callable[[Artifact, Plan, Path, Console], Result],
) -> None:
    """The command line of `scripts/bench <name>`: measure by a plan, write JSON, and say what to do next."""
    parser = argparse.ArgumentParser(prog=f"scripts/bench {name}", description=about)
    parser.add_argument("--short", action="store_true", help="small windows, coarse figures")
    short = parser.parse_args().short
    console = Console()
    # So that a plain `kill` stops the servers too.
    signal.signal(signal.SIGTERM, _terminated)
    try:
        plan = plans["short" if short else "full"]
        file = bench(_release(console), plan, FOLDER / name, console).write()
    except (ValueError, ServerError, OSError) as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        print("interrupted: every server is stopped, nothing is written", file=sys.stderr)
        sys.exit(INTERRUPTED)
    advice = "run it without --short for figures to publish" if short else "publish them, also what loses"
    print(f"next: every row is in {file.relative_to(PROJECT)}; {advice}")


def _release(console: Console) -> Artifact:
    """What the local stack serves; without one the baseline, which is built if need be."""
    if LOCAL_RELEASE.is_symlink():
        return Artifact.load(LOCAL_RELEASE.resolve())
    # The process that makes the load imports this module too, and has no use for PyTorch.
    from model.inputs import ReleaseConfig
    from model.progress import console_progress
    from model.release import build_release

    with console_progress(console) as progress:
        return build_release(ReleaseConfig(recipe="baseline"), release_store(), console.print, progress)


def announcement(name: str, course: str, seconds: float, release: Artifact) -> str:
    """What a run will do, on what, and for how long at most, before it starts."""
    minutes, rest = divmod(round(seconds), 60)
    return (
        f"{name}: {course}, at most about {minutes} min {rest:02} s, on {release.manifest.version} "
        f"({release.manifest.catalogue:,} items)\n"
        f"The callers run on cores {', '.join(map(str, cores()))}, which they share with the servers: what they "
        "take, the servers lack. Nothing else should run here meanwhile."
    )


def subject(release: Artifact) -> dict[str, Any]:
    """What a run's figures depend on beside the machine."""
    return {
        "caller-cores": cores(),
        "release": release.digest,
        "recipe": release.manifest.recipe,
        "items": release.manifest.catalogue,
    }


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Hold the folder: two benchmarks at once would measure each other."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ValueError(f"another benchmark holds {folder}; wait for its end") from None
        yield


@contextmanager
def shown(console: Console, seconds: float) -> Iterator[Callable[[str, float], None]]:
    """A bar of `seconds` for a person, a line a step for a log; it hears what is done now and how long that takes."""
    columns = (BarColumn(), TimeRemainingColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=seconds)
        due = 0.0

        def show(what: str, takes: float) -> None:
            nonlocal due
            bar.update(task, completed=due, description=what)
            due += takes
            if what and not console.is_terminal:
                console.print(what, soft_wrap=True)

        yield show


def _terminated(number: int, frame: object) -> NoReturn:
    raise KeyboardInterrupt
