"""Quality over the full catalogue: every item competes, nothing is sampled.

R = requests, K = items ranked, V = items
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from model.architecture import Recommender
from model.sequence import Request
from model.signature import MASKED

__all__ = [
    "CUTOFF",
    "Ranker",
    "eager_logits",
    "eager_ranker",
    "eager_top",
    "gains",
    "in_chunks",
    "in_order",
    "ndcg",
    "padded",
    "rank_metrics",
    "ranked_in_chunks",
]

# (requests, K, exclude_seen) -> catalogue indices [R, K], best first.
Ranker = Callable[[Sequence[Request], int, bool], NDArray[np.int64]]

CUTOFF = 10
# The reciprocal rank needs the first hit wherever it stands; below this rank it is under 0.001 and counts 0.
MRR_DEPTH = 1000
_CHUNK = 64
_DISCOUNTS_K = 1.0 / np.log2(np.arange(2, CUTOFF + 2))
_IDEAL = np.concatenate([[0.0], np.cumsum(_DISCOUNTS_K)])


def padded(requests: Sequence[Request]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Histories as ids and ages [R, T], front-padded to the longest; T is at least 1."""
    T = max([len(request.history_ids) for request in requests], default=0) or 1
    ids_RT = np.zeros((len(requests), T), np.int64)
    ages_RT = np.zeros((len(requests), T), np.float32)
    for row, request in enumerate(requests):
        if size := len(request.history_ids):
            ids_RT[row, -size:] = request.history_ids
            ages_RT[row, -size:] = request.history_ages
    return ids_RT, ages_RT


def ranked_in_chunks(
    requests: Sequence[Request], rank: Callable[[Sequence[Request]], NDArray[np.int64]]
) -> NDArray[np.int64]:
    """Rank requests of like length together, so that padding and memory stay small; the order is kept."""
    return in_order(requests, [rank(some) for some in in_chunks(requests)])


def in_order(requests: Sequence[Request], of_chunks: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
    """The answers to each of `in_chunks(requests)` as one array [R, K], in the order of the requests."""
    ranked = np.concatenate(of_chunks)
    back = np.empty_like(ranked)
    back[_by_length(requests)] = ranked
    return back


def in_chunks(requests: Sequence[Request]) -> Iterator[list[Request]]:
    """All requests in pieces of like length, shortest first."""
    order = _by_length(requests)
    for start in range(0, len(order), _CHUNK):
        yield [requests[place] for place in order[start : start + _CHUNK]]


def _by_length(requests: Sequence[Request]) -> NDArray[np.int64]:
    return np.argsort([len(request.history_ids) for request in requests], kind="stable")


def eager_logits(model: Recommender, requests: Sequence[Request], exclude_seen: bool) -> Tensor:
    """Logits [R, V+1] of a few requests from the PyTorch model itself."""
    device = model.bias.device
    ids_RT, ages_RT = padded(requests)
    history_RT = torch.from_numpy(ids_RT).to(device)
    was_training = model.training
    model.eval()
    with torch.no_grad():
        logits_RV: Tensor = model(history_RT, torch.from_numpy(ages_RT).to(device))
        if exclude_seen:
            logits_RV.scatter_(1, history_RT, MASKED)
    model.train(was_training)
    return logits_RV


def eager_top(
    model: Recommender, requests: Sequence[Request], k: int, exclude_seen: bool
) -> NDArray[np.int64]:
    """The best `k` items of a few requests, [R, K]."""
    logits_RV = eager_logits(model, requests, exclude_seen)
    best: NDArray[np.int64] = logits_RV.topk(min(k, logits_RV.shape[1] - 1)).indices.cpu().numpy()
    return best


def eager_ranker(model: Recommender) -> Ranker:
    """Rank with the PyTorch model itself, as training watches it."""

    def rank(requests: Sequence[Request], k: int, exclude_seen: bool) -> NDArray[np.int64]:
        return ranked_in_chunks(requests, lambda some: eager_top(model, some, k, exclude_seen))

    return rank


def gains(
    ranked_RK: NDArray[np.int64], relevant: Sequence[NDArray[np.int64]]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """NDCG and recall at `CUTOFF` of each request; what is outside the catalogue (0) counts as missed."""
    found = [np.isin(row[:CUTOFF], items[items != 0]) for row, items in zip(ranked_RK, relevant, strict=True)]
    sizes = np.array([len(items) for items in relevant])
    hits_RK = np.zeros((len(found), CUTOFF))
    for place, row in enumerate(found):
        hits_RK[place, : len(row)] = row
    gain = hits_RK @ _DISCOUNTS_K / _IDEAL[np.minimum(sizes, CUTOFF)]
    return gain, hits_RK.sum(1) / sizes


def ndcg(rank: Ranker, requests: Sequence[Request], exclude_seen: bool) -> float:
    """Mean NDCG@10 with binary gains (Jaervelin and Kekaelaeinen, 2002)."""
    gain, _ = gains(rank(requests, CUTOFF, exclude_seen), [request.items for request in requests])
    return float(gain.mean())


def rank_metrics(
    rank: Ranker, requests: Sequence[Request], exclude_seen: bool, catalogue: int
) -> dict[str, float]:
    """All ranking figures of one scorer, as means over requests.

    ndcg, recall and hr look at the top 10; coverage is the share of the catalogue in anybody's top 10.
    repeat_ndcg counts only items that the history holds; new_ndcg ranks without them and counts only the rest.
    Where nobody has an item of a kind, its figure is nan.
    """
    ranked_RK = rank(requests, min(MRR_DEPTH, catalogue), exclude_seen)
    gain, recall = gains(ranked_RK, [request.items for request in requests])
    figures = {
        "ndcg": float(gain.mean()),
        "recall": float(recall.mean()),
        "hr": float((recall > 0).mean()),
        "mrr": float(
            np.mean([_reciprocal(row, r.items) for row, r in zip(ranked_RK, requests, strict=True)])
        ),
        "coverage": len(np.unique(ranked_RK[:, :CUTOFF])) / catalogue,
    }
    repeats = [request.items[np.isin(request.items, request.history_ids)] for request in requests]
    news = [request.items[~np.isin(request.items, request.history_ids)] for request in requests]
    new_RK = ranked_RK if exclude_seen else rank(requests, CUTOFF, True)
    figures["repeat_ndcg"] = float("nan") if exclude_seen else _part(ranked_RK, repeats)
    figures["new_ndcg"] = _part(new_RK, news)
    return figures


def _part(ranked_RK: NDArray[np.int64], relevant: Sequence[NDArray[np.int64]]) -> float:
    has = [place for place, items in enumerate(relevant) if len(items)]
    if not has:
        return float("nan")
    gain, _ = gains(ranked_RK[has], [relevant[place] for place in has])
    return float(gain.mean())


def _reciprocal(row: NDArray[np.int64], items: NDArray[np.int64]) -> float:
    places = np.flatnonzero(np.isin(row, items[items != 0]))
    return 1.0 / (places[0] + 1) if len(places) else 0.0
