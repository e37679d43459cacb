"""Pairs of a request and an item, for judging and calibrating the purchase probability.

R = requests, C = candidates of a request, M = pairs
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from sklearn import metrics

from model.evaluate import padded
from model.sequence import Request

__all__ = [
    "PairScorer",
    "Pairs",
    "bought_before",
    "calibration_error",
    "expected_error",
    "pair_metrics",
    "sampled",
    "threshold",
    "threshold_with_recall",
]

# (history ids [R, T], history ages [R, T], candidates [R, C]) -> scores [R, C]
PairScorer = Callable[[NDArray[np.int64], NDArray[np.float32], NDArray[np.int64]], NDArray[np.float32]]
Negatives = Literal["uniform", "popularity"]

_CHUNK = 64
_BINS = 15


@dataclass(frozen=True)
class Pairs:
    """Candidates of each request, padded with 0, and whether each was bought."""

    requests: Sequence[Request]
    candidates: Sequence[NDArray[np.int64]]
    labels: Sequence[NDArray[np.bool_]]

    def flat_labels(self) -> NDArray[np.bool_]:
        """Labels [M] in the order of `scores`."""
        return np.concatenate(list(self.labels))

    def scores(self, score: PairScorer) -> NDArray[np.float32]:
        """Scores [M] of all pairs, request by request."""
        order = np.argsort([len(request.history_ids) for request in self.requests], kind="stable")
        found: dict[int, NDArray[np.float32]] = {}
        for start in range(0, len(order), _CHUNK):
            places = order[start : start + _CHUNK]
            ids_RT, ages_RT = padded([self.requests[place] for place in places])
            widest = max(len(self.candidates[place]) for place in places)
            candidates_RC = np.zeros((len(places), widest), np.int64)
            for row, place in enumerate(places):
                candidates_RC[row, : len(self.candidates[place])] = self.candidates[place]
            scores_RC = score(ids_RT, ages_RT, candidates_RC)
            for row, place in enumerate(places):
                found[int(place)] = scores_RC[row, : len(self.candidates[place])]
        return np.concatenate([found[place] for place in range(len(order))])


def sampled(
    requests: Sequence[Request],
    popularity_V: NDArray[np.float64],
    negatives: Negatives,
    per_positive: int,
    seed: int,
) -> Pairs:
    """Every bought item beside `per_positive` times as many that were not.

    `popularity_V` [V+1] sums to 1. Uniform negatives are easy to tell apart; negatives drawn by popularity are
    as often seen as the positives, which leaves only what is personal.
    """
    generator = np.random.default_rng(seed)
    V = len(popularity_V) - 1
    weights = popularity_V[1:] if negatives == "popularity" else None
    wanted = [request.items[request.items != 0] for request in requests]
    # Drawn for all requests at once: weighted draws cost a pass over the catalogue each time.
    pool = generator.choice(np.arange(1, V + 1), sum(map(len, wanted)) * per_positive * 2 + 64, p=weights)
    kept, candidates, labels, used = [], [], [], 0
    for request, items in zip(requests, wanted, strict=True):
        if not len(items):
            continue
        draws = pool[used : used + 2 * per_positive * len(items)]
        used += len(draws)
        others = draws[~np.isin(draws, items)][: per_positive * len(items)]
        kept.append(request)
        candidates.append(np.concatenate([items, others]))
        labels.append(np.arange(len(items) + len(others)) < len(items))
    return Pairs(kept, candidates, labels)


def bought_before(requests: Sequence[Request]) -> Pairs:
    """Every distinct item of each history: the pairs where a probability matters, none of them sampled."""
    kept = [request for request in requests if len(request.history_ids)]
    candidates = [np.unique(request.history_ids) for request in kept]
    labels = [np.isin(items, request.items) for items, request in zip(candidates, kept, strict=True)]
    return Pairs(kept, candidates, labels)


def threshold(labels_M: NDArray[np.bool_], scores_M: NDArray[np.float32]) -> float:
    """The score from which calling a pair bought is right most often, both kinds counting alike (Youden, 1950)."""
    wrongly_called, rightly_called, thresholds = metrics.roc_curve(labels_M, scores_M)
    # The first point calls nothing bought, at an infinite threshold.
    return float(thresholds[1 + int(np.argmax((rightly_called - wrongly_called)[1:]))])


def threshold_with_recall(labels_M: NDArray[np.bool_], scores_M: NDArray[np.float64], recall: float) -> float:
    """The score from which most calls are right, among those that find at least `recall` of what was bought."""
    wrong, found, thresholds = metrics.roc_curve(labels_M, scores_M, drop_intermediate=False)
    bought = float(labels_M.mean())
    right = found * bought + (1 - wrong) * (1 - bought)
    return float(thresholds[int(np.argmax(np.where(found >= recall, right, -1.0)))])


def pair_metrics(validation: Pairs, test: Pairs, score: PairScorer) -> dict[str, float]:
    """Accuracy, recall, precision, F1 and AUC on `test`; the threshold comes from `validation`."""
    at = threshold(validation.flat_labels(), validation.scores(score))
    labels_M, scores_M = test.flat_labels(), test.scores(score)
    called_M = scores_M >= at
    return {
        "accuracy": float(metrics.accuracy_score(labels_M, called_M)),
        "recall": float(metrics.recall_score(labels_M, called_M)),
        "precision": float(metrics.precision_score(labels_M, called_M, zero_division=0.0)),
        "f1": float(metrics.f1_score(labels_M, called_M, zero_division=0.0)),
        "auc": float(metrics.roc_auc_score(labels_M, scores_M)),
        "threshold": at,
    }


def calibration_error(pairs: Pairs, score: PairScorer) -> float:
    """Expected calibration error over bins of equally many pairs (Naeini et al., 2015)."""
    if not pairs.requests:
        return float("nan")
    return expected_error(pairs.flat_labels(), pairs.scores(score))


def expected_error(labels_M: NDArray[np.bool_], scores_M: NDArray[np.floating]) -> float:
    """`calibration_error` of labels and scores at hand."""
    order = np.argsort(scores_M, kind="stable")
    scores = np.array_split(scores_M[order], _BINS)
    labels = np.array_split(labels_M[order].astype(np.float64), _BINS)
    gaps = [abs(s.mean() - y.mean()) * len(s) for s, y in zip(scores, labels, strict=True) if len(s)]
    return float(sum(gaps) / len(labels_M))
