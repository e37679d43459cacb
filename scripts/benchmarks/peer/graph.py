"""The release's own INT8 graph behind FastAPI: what Triton serves, without Triton."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime

from scripts.benchmarks.peer.app import Answer, Question, Recommend

__all__ = ["graph_recommender", "one_thread_session"]

OUTPUTS = ["item_ids", "scores"]


def one_thread_session(graph: Path) -> onnxruntime.InferenceSession:
    """Onnxruntime as an instance of the embedded Triton opens it, with one thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])


def graph_recommender(release: Path) -> Recommend:
    """Recommend with `recommend.onnx` of a release."""
    session = one_thread_session(release / "recommend.onnx")

    def recommend(question: Question) -> Answer:
        item_ids_1K, scores_1K = session.run(
            OUTPUTS,
            {
                "history_ids": np.array([question.history_ids], np.int64),
                "history_ages": np.array([question.history_ages], np.float32),
                "exclude_seen": np.array([[question.exclude_seen]]),
                "k": np.array([[question.k]], np.int64),
            },
        )
        return Answer(item_ids=item_ids_1K[0].tolist(), scores=scores_1K[0].tolist())

    return recommend
