"""What every benchmark of running servers does: a release, a folder held alone, progress, an end when told."""

from __future__ import annotations

import fcntl
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from model.artifact import Artifact, release_store
from scripts.benchmarks.result import FOLDER

__all__ = ["INTERRUPTED", "alone", "end_on_sigterm", "release_to_measure", "shown"]

LOCAL_RELEASE = FOLDER.parent / "local" / "release"
INTERRUPTED = 130


def release_to_measure(console: Console) -> Artifact:
    """What the local stack serves; without one the baseline, which is built if need be."""
    if LOCAL_RELEASE.is_symlink():
        return Artifact.load(LOCAL_RELEASE.resolve())
    # The process that makes the load imports this module too, and has no use for PyTorch.
    from model.inputs import ReleaseConfig
    from model.progress import console_progress
    from model.release import build_release

    with console_progress(console) as progress:
        return build_release(ReleaseConfig(recipe="baseline"), release_store(), console.print, progress)


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


def end_on_sigterm() -> None:
    """Take a plain `kill` as Ctrl-C is taken, so that it stops the servers too."""
    signal.signal(signal.SIGTERM, _terminated)


def _terminated(number: int, frame: object) -> NoReturn:
    raise KeyboardInterrupt
