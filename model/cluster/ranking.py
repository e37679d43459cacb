"""Ranking on many machines: Ray Data takes requests to where a core is free."""

from __future__ import annotations

import logging
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

# Pieces of work for each worker, so that none waits long for the slowest.
PIECES = 4


def cluster_ranker(model: Recommender, cluster: Cluster) -> Ranker:
    """Rank as `eager_ranker` does, in the same chunks of requests, on all workers of `cluster`."""
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = context.print_on_execution_start = False
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    shared = ray.put(model.cpu())

    def rank(requests: Sequence[Request], k: int, exclude_seen: bool) -> NDArray[np.int64]:
        def one(row: dict[str, Any]) -> dict[str, Any]:
            device = "cuda" if torch.cuda.is_available() else "cpu"
            here = ray.get(shared).to(device)
            ranked_RK = eager_top(here, pickle.loads(row["requests"]), k, exclude_seen)
            return {"number": row["number"], "ranked": pickle.dumps(ranked_RK)}

        rows = [{"number": n, "requests": pickle.dumps(some)} for n, some in enumerate(in_chunks(requests))]
        pieces = min(len(rows), PIECES * cluster.workers)
        ranked = ray.data.from_items(rows, override_num_blocks=pieces).map(
            one,
            concurrency=min(pieces, cluster.workers),
            num_cpus=1,
            num_gpus=1 if cluster.resource == "GPU" else 0,
        )
        # They come as they are ready.
        found = sorted(ranked.iter_rows(), key=itemgetter("number"))
        return in_order(requests, [pickle.loads(row["ranked"]) for row in found])

    return rank
