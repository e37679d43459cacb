"""The exported graphs on onnxruntime, as scorers that the measurements understand.

R = requests, K = items ranked
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from model.evaluate import Ranker, padded, ranked_in_chunks
from model.pairs import PairScorer
from model.sequence import Request

__all__ = ["onnx_pair_scorer", "onnx_ranker", "session"]


def session(path: Path, threads: int = 0) -> ort.InferenceSession:
    """An onnxruntime session on the CPU; `threads` 0 takes all cores."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def onnx_ranker(folder: Path) -> Ranker:
    """Rank with `recommend.onnx` of a folder."""
    graph = session(folder / "recommend.onnx")

    def rank(requests: Sequence[Request], k: int, exclude_seen: bool) -> NDArray[np.int64]:
        def chunk(some: Sequence[Request]) -> NDArray[np.int64]:
            ids_RT, ages_RT = padded(some)
            size = (len(some), 1)
            feed = {
                "history_ids": ids_RT,
                "history_ages": ages_RT,
                "exclude_seen": np.full(size, exclude_seen),
                "k": np.full(size, k, np.int64),
            }
            ranked: NDArray[np.int64] = graph.run(["item_ids"], feed)[0]
            return ranked

        return ranked_in_chunks(requests, chunk)

    return rank


def onnx_pair_scorer(folder: Path) -> PairScorer:
    """Probabilities of pairs with `predict.onnx` of a folder."""
    graph = session(folder / "predict.onnx")

    def score(
        ids: NDArray[np.int64], ages: NDArray[np.float32], candidates: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        feed = {"history_ids": ids, "history_ages": ages, "candidate_ids": candidates}
        probabilities: NDArray[np.float32] = graph.run(["probabilities"], feed)[0]
        return probabilities

    return score
