"""Builds a release in a process of its own, so that a training that fails or is killed takes nothing with it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from infra.local.folder import PROJECT
from model.artifact import Artifact, release_store
from model.inputs import ReleaseConfig, inputs_key

__all__ = ["build"]

ERROR = "error: "
# What ends the progress: the quality table, which quality.md keeps, or a crash.
REPORTS = ("#", "Traceback")


def build(config: ReleaseConfig, log: Path, show: Callable[[str], None]) -> Artifact:
    """Train, compress and gate the release of `config`, or take it from the store as it is.

    `show` gets each line before the build's report, `log` gets all. ValueError has the reason of a failure in one
    line; the store then holds what it held before.
    """
    folder = release_store() / inputs_key(config)
    if folder.is_dir():
        show(f"reusing the release in {folder.name}")
        return Artifact.load(folder)
    log.parent.mkdir(parents=True, exist_ok=True)
    last, progressing = "", True
    with log.open("w") as file, _started(config) as process:
        try:
            for line in filter(None, map(str.rstrip, process.stdout or ())):
                print(line, file=file, flush=True)
                last = line
                progressing = progressing and not line.startswith(REPORTS)
                if progressing:
                    show(line)
        except BaseException:
            # Nobody is left training for a Pulumi that has gone.
            process.kill()
            raise
    if process.returncode:
        raise ValueError(_reason(process.returncode, last, log))
    show("the release is in the store")
    return Artifact.load(folder)


def _started(config: ReleaseConfig) -> subprocess.Popen[str]:
    options = {
        "--recipe": config.recipe,
        "--source": config.source,
        "--path": config.path,
        "--seed": str(config.seed),
    }
    return subprocess.Popen(
        [sys.executable, "-m", "model.release", *(part for option in options.items() for part in option)],
        cwd=PROJECT,
        # rich folds lines at the width of a terminal, which a pipe has not.
        env={**os.environ, "COLUMNS": "1000"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def _reason(code: int, last: str, log: Path) -> str:
    if last.startswith(ERROR):
        return last.removeprefix(ERROR)
    if code < 0:
        name = signal.Signals(-code).name
        return (
            f"the build was ended by {name}, as when memory runs out; `pulumi up` goes on from its last epoch"
        )
    return f"the build failed: {last}; all it printed is in {log}"
