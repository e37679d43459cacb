"""Ranking on many machines: Ray Data hands requests to copies of the model."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from operator import itemgetter
from typing import Any

import numpy as np
import ray
import ray.data
import torch
from numpy.typing import NDArray

from model.architecture import Recommender
from model.cluster.joined import Cluster
from model.evaluate import Ranker, eager_top, in_chunks, in_order
from model.sequence import Request

__all__ = ["cluster_ranker"]


class _Copy:
    """The model on one worker."""

    def __init__(self, model: ray.ObjectRef[Recommender], k: int, exclude_seen: bool) -> None:
        device = "cuda" if torch.cuda.is_available() else "cpu"
        self.model, self.k, self.exclude_seen = ray.get(model).to(device), k, exclude_seen

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        """Rank one chunk of requests."""
        ranked_RK = eager_top(self.model, pickle.loads(row["requests"]), self.k, self.exclude_seen)
        return {"number": row["number"], "ranked": pickle.dumps(ranked_RK)}


def cluster_ranker(model: Recommender, cluster: Cluster) -> Ranker:
    """Rank as `eager_ranker` does, chunk by chunk of the same requests, on all workers of `cluster`."""
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = context.print_on_execution_start = False
    shared = ray.put(model.cpu())

    def rank(requests: Sequence[Request], k: int, exclude_seen: bool) -> NDArray[np.int64]:
        rows = [{"number": n, "requests": pickle.dumps(some)} for n, some in enumerate(in_chunks(requests))]
        ranked = ray.data.from_items(rows, override_num_blocks=len(rows)).map(
            _Copy,
            fn_constructor_args=(shared, k, exclude_seen),
            compute=ray.data.ActorPoolStrategy(size=min(cluster.workers, len(rows))),
            num_cpus=1,
            num_gpus=1 if cluster.resource == "GPU" else 0,
        )
        # They come as they are ready.
        found = sorted(ranked.iter_rows(), key=itemgetter("number"))
        return in_order(requests, [pickle.loads(row["ranked"]) for row in found])

    return rank
