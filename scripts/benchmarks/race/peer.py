"""RecBole's SASRec as a process of its own environment: hands it the lists, reads its rankings.

R = requests, K = items ranked
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.data import Prepared
from model.evaluate import CUTOFF
from model.sequence import Request, requests
from scripts.benchmarks.race.course import Course, judged
from scripts.setup.layout import Layout

__all__ = ["answer", "hand_over", "interpreter", "race"]

PROGRAM = Path(__file__).with_name("sasrec.py")


def interpreter() -> Path:
    """The Python of RecBole's environment; ValueError where there is none."""
    python = Layout.here().environment("recbole") / "bin" / "python"
    if not python.exists():
        raise ValueError("RecBole is not installed; run python3 scripts/setup recbole, or give --short")
    return python


def race(
    prepared: Prepared,
    context: int,
    seed: int,
    seconds: float,
    threads: int,
    folder: Path,
    say: Callable[[str], None] = lambda line: None,
) -> Course:
    """What RecBole's trainer reaches in that time; ValueError with its last words where it fails."""
    python = interpreter()
    job = {
        "seconds": seconds,
        "threads": threads,
        "seed": seed,
        "context": context,
        "depth": CUTOFF + context,
    }
    hand_over(prepared, job, folder)
    log = folder / "log"
    command = [python, PROGRAM, folder]
    with (
        log.open("w") as errors,
        subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=errors, text=True) as process,
    ):
        try:
            assert process.stdout is not None
            for line in process.stdout:
                say(f"RecBole: {line.strip()}")
        except BaseException:
            process.kill()
            raise
    if process.returncode:
        last = (log.read_text(errors="replace").strip().splitlines() or ["it said nothing"])[-1]
        raise ValueError(f"RecBole's SASRec ended with {process.returncode}: {last}")
    return answer(folder, requests(prepared.events, "test", context))


def hand_over(prepared: Prepared, job: dict[str, float], folder: Path) -> None:
    """Write the job and the events in RecBole's own format; users and items are called by our numbers."""
    (folder / "lists").mkdir(parents=True)
    events = prepared.events
    lines = events[["user_index", "item_index"]].assign(timestamp=events.groupby("user_index").cumcount())
    lines.columns = ["user_id:token", "item_id:token", "timestamp:float"]
    lines.to_csv(folder / "lists" / "lists.inter", sep="\t", index=False)
    (folder / "job.json").write_text(json.dumps(job))


def answer(folder: Path, test: Sequence[Request]) -> Course:
    """The course that RecBole notes, and its rankings judged as ours are: without what the history holds."""
    with np.load(folder / "ranked.npz") as found:
        place = {int(user): row for row, user in enumerate(found["users"])}
        ranked_RK = np.stack([_unseen(found["items"][place[r.user]], r) for r in test])
    ndcg, hr = judged(ranked_RK, test)
    course = json.loads((folder / "course.json").read_text())
    del course["validation"]
    return Course(**course, ndcg=ndcg, hr=hr)


def _unseen(items_K: NDArray[np.int64], request: Request) -> NDArray[np.int64]:
    return items_K[~np.isin(items_K, request.history_ids)][:CUTOFF]
