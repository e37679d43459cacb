"""Answers from one index, in a process that holds nothing else; `python -m scripts.benchmarks.catalogue.answer`."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import faiss
import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from model.memory import own_memory

__all__ = ["FAISS", "GOAL", "GRAPH", "opened", "recall"]

GRAPH, FAISS = "index.onnx", "index.faiss"
GOAL = 0.98
# On the queries that the knob is chosen with: others fall short of that by chance.
AIM = 0.99
_WARM_UP = 10
_NANOSECONDS_A_MILLISECOND = 1e6
# Of faiss's indexes: how much is looked at. The least that reaches `AIM` is taken.
_STEPS = {"hnsw": "efSearch", "ivf": "nprobe", "refined": "nprobe"}
_VALUES = tuple(round(2 ** (step / 2)) for step in range(2, 22))

Ids = NDArray[np.int64]
Find = Callable[[NDArray[np.float32], int], Ids]


def opened(folder: Path) -> tuple[Find, Callable[[str, int], None]]:
    """What finds the best k of one query in the index of `folder`, and what sets a knob of it."""
    if (folder / GRAPH).exists():
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        graph = ort.InferenceSession(str(folder / GRAPH), options, providers=["CPUExecutionProvider"])

        def ask(query_1D: NDArray[np.float32], k: int) -> Ids:
            # Index 0 of a catalogue is padding.
            found: Ids = graph.run(["item_ids"], {"query": query_1D, "k": np.array([[k]])})[0]
            return found - 1

        return ask, lambda knob, value: None
    faiss.omp_set_num_threads(1)
    index = faiss.read_index(str(folder / FAISS))
    space = faiss.ParameterSpace()
    return lambda query_1D, k: index.search(query_1D, k)[1], lambda knob, value: space.set_index_parameter(
        index, knob, value
    )


def recall(found_QK: Ids, truth_QK: Ids) -> float:
    """The mean share of the true best that were found."""
    return float(
        np.mean([len(np.intersect1d(*pair)) / len(pair[1]) for pair in zip(found_QK, truth_QK, strict=True)])
    )


def _measured(variant: str, folder: Path, queries: Path) -> dict[str, float]:
    asked = {name: np.load(queries / f"{name}.npy") for name in ("measured", "choosing")}
    best = {name: np.load(queries / f"{name}-truth.npy") for name in asked}
    k = best["measured"].shape[1]
    # Forget the peak of the imports.
    Path("/proc/self/clear_refs").write_text("5")
    before = own_memory("VmRSS")
    find, turn = opened(folder)

    def answers(name: str) -> Ids:
        return np.concatenate([find(query[None], k) for query in asked[name]])

    if variant in _STEPS:
        for value in _VALUES:
            turn(_STEPS[variant], value)
            if recall(answers("choosing"), best["choosing"]) >= AIM:
                break
    for query in asked["measured"][:_WARM_UP]:
        find(query[None], k)
    found, taken = [], []
    for query in asked["measured"]:
        # The thread's own time: what else runs on the machine does not count.
        started = time.thread_time_ns()
        found.append(find(query[None], k)[0])
        taken.append(time.thread_time_ns() - started)
    return {
        "p50": float(np.median(taken)) / _NANOSECONDS_A_MILLISECOND,
        "recall": recall(np.stack(found), best["measured"]),
        "peak": own_memory("VmHWM") - before,
    }


if __name__ == "__main__":
    print(json.dumps(_measured(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))))
