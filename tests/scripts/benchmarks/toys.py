"""A made-up file in S3-Rec's text format, and benchmarks that run on one."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np

from scripts.benchmarks.result import FOLDER
from tests.scripts.conftest import PROJECT


def rows_of(name: str, result: str, cache: Path, *arguments: str) -> dict[str, dict]:
    """Run `scripts/bench <name>` with a release store of its own; the rows that it wrote, by name."""
    run = subprocess.run(
        [sys.executable, "-m", f"scripts.benchmarks.{name}", *arguments],
        cwd=PROJECT,
        env={**os.environ, "RIALTO_CACHE": str(cache)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert "next: " in run.stdout
    return {row["name"]: row for row in json.loads((FOLDER / f"{result}.json").read_text())["rows"]}


def lists(folder: Path, users: int = 40) -> Path:
    """Item lists in which every item is followed by the next one, with attributes."""
    generator = np.random.default_rng(0)
    starts = generator.integers(0, 30, users)
    lines = [
        f"{user} " + " ".join(str((start + step) % 30) for step in range(8))
        for user, start in enumerate(starts)
    ]
    file = folder / "toys.txt"
    file.write_text("\n".join(lines) + "\n")
    (folder / "toys_item2attributes.json").write_text(
        json.dumps({str(item): [item % 5] for item in range(30)})
    )
    return file
