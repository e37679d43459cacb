"""How fast and in how much memory each folder's graph answers, measured in processes of their own."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from model.evaluate import CUTOFF, padded
from model.memory import own_memory
from model.runtime import session
from model.sequence import Request

__all__ = ["Speed", "speeds"]

BATCHES = (1, 8)
_ROUNDS = 4
_ANSWERS = 50
_WARM_UP = 5
_MILLISECONDS = 1e3
_SECONDS_PER_DAY = 86_400


@dataclass(frozen=True, kw_only=True)
class Speed:
    """Milliseconds an answer at batch 1 and 8, on one thread, and how much the graph adds to a process's peak
    memory, in MiB.
    """

    p50_1: float
    p99_1: float
    p50_8: float
    p99_8: float
    peak_mib: float


def speeds(folders: Sequence[Path], max_history: int) -> list[Speed]:
    """Ask `recommend.onnx` of each folder for real histories, one after the other.

    All folders have their turn in each of a few rounds, so that what slows the machine for a while slows them all.
    """
    rounds = [[_asked(folder, max_history, number) for folder in folders] for number in range(_ROUNDS)]
    return [_pooled(turns) for turns in zip(*rounds, strict=True)]


def _asked(folder: Path, max_history: int, number: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "model.compress.speed", str(folder), str(max_history), str(number)]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(run.stdout)
    return found


def _pooled(turns: Sequence[dict[str, Any]]) -> Speed:
    found: dict[str, float] = {}
    for batch in BATCHES:
        taken = [each for turn in turns for each in turn[f"batch_{batch}"]]
        found[f"p50_{batch}"], found[f"p99_{batch}"] = np.percentile(taken, [50, 99]).tolist()
    return Speed(**found, peak_mib=max(turn["peak_mib"] for turn in turns))


def _histories(folder: Path, max_history: int) -> list[Request]:
    """The newest events of some users, a day after the newest of them."""
    table = pd.read_parquet(folder / "histories.parquet")
    found = []
    for user, (_, events) in enumerate(table.groupby("user_id", observed=True)):
        newest = events.tail(max_history)
        days = newest["timestamp"].astype("int64").to_numpy() / 1e6 / _SECONDS_PER_DAY
        ages = (days.max() + 1 - days).astype(np.float32)
        found.append(
            Request(user, 0.0, newest["item_index"].to_numpy(np.int64), ages, np.array([], np.int64))
        )
        if len(found) == _ROUNDS * _ANSWERS:
            break
    return found


def _turn(folder: Path, max_history: int, number: int) -> dict[str, Any]:
    """Milliseconds of each answer by batch, and the memory added; at batch 1 each turn has other histories."""
    histories = _histories(folder, max_history)
    # Forget the peak of the imports.
    Path("/proc/self/clear_refs").write_text("5")
    before = own_memory("VmHWM")
    graph = session(folder / "recommend.onnx", 1)
    found: dict[str, Any] = {}
    for batch in BATCHES:
        taken = []
        for place in range(number * _ANSWERS - _WARM_UP, (number + 1) * _ANSWERS):
            some = [histories[(place * batch + row) % len(histories)] for row in range(batch)]
            ids, ages = padded(some)
            size = (batch, 1)
            feed = {"history_ids": ids, "history_ages": ages}
            feed |= {"exclude_seen": np.zeros(size, bool), "k": np.full(size, CUTOFF, np.int64)}
            started = time.perf_counter()
            graph.run(None, feed)
            taken.append((time.perf_counter() - started) * _MILLISECONDS)
        found[f"batch_{batch}"] = taken[_WARM_UP:]
    return {**found, "peak_mib": own_memory("VmHWM") - before}


if __name__ == "__main__":
    print(json.dumps(_turn(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))))
