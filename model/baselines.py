"""What the transformer has to beat: three scorers that need no training, with the whole history at hand.

R = requests, K = items ranked, V = items
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from model.collaborative import VOTERS, follows
from model.data import Prepared
from model.evaluate import Ranker, ndcg, ranked_in_chunks
from model.sequence import Histories, Request

__all__ = ["KNN", "baselines", "knn"]

KNN = "windowed-Markov kNN"

# Candidates for the half-life, tried on validation.
FREQUENCY_HALF_LIVES_DAYS = (30.0, 60.0, 120.0, 240.0)
_NOT_RANKED = -1e9

# Scores [R, V+1] of a few requests.
_Score = Callable[[Sequence[Request]], NDArray[np.float64]]


def baselines(prepared: Prepared, validation: Sequence[Request], exclude_seen: bool) -> dict[str, Ranker]:
    """The three scorers by name; what can be chosen is chosen on `validation`."""
    events = prepared.events[prepared.events["part"] == "train"]
    histories = Histories.of(events)
    V = len(prepared.items)
    popularity_V = histories.popularity(V)
    frequency = max(
        (_frequency(popularity_V, half_life) for half_life in FREQUENCY_HALF_LIVES_DAYS),
        key=lambda rank: ndcg(rank, validation, exclude_seen),
    )
    return {
        "popularity": _ranker(lambda some: np.tile(popularity_V, (len(some), 1))),
        "personal frequency (recency-decayed)": frequency,
        KNN: knn(histories, V),
    }


def _ranker(score: _Score) -> Ranker:
    def rank(requests: Sequence[Request], k: int, exclude_seen: bool) -> NDArray[np.int64]:
        def chunk(some: Sequence[Request]) -> NDArray[np.int64]:
            scores_RV = score(some)
            scores_RV[:, 0] = _NOT_RANKED
            if exclude_seen:
                for row, request in enumerate(some):
                    scores_RV[row, request.history_ids] = _NOT_RANKED
            best_RK = np.argpartition(-scores_RV, min(k, scores_RV.shape[1] - 1) - 1, axis=1)[:, :k]
            order_RK = np.argsort(-np.take_along_axis(scores_RV, best_RK, 1), axis=1, kind="stable")
            return np.take_along_axis(best_RK, order_RK, 1)

        return ranked_in_chunks(requests, chunk)

    return rank


def _frequency(popularity_V: NDArray[np.float64], half_life_days: float) -> Ranker:
    """How often the user bought it, each purchase halved per half-life; popularity breaks ties."""

    def score(requests: Sequence[Request]) -> NDArray[np.float64]:
        scores_RV = np.tile(popularity_V * 1e-3, (len(requests), 1))
        for row, request in enumerate(requests):
            np.add.at(scores_RV[row], request.history_ids, 0.5 ** (request.history_ages / half_life_days))
        return scores_RV

    return _ranker(score)


def knn(histories: Histories, catalogue: int) -> Ranker:
    """What followed the newest items in other histories; each of them votes with 1/(1 + steps back)."""
    popularity_V = histories.popularity(catalogue)
    matrix = follows(histories, catalogue)

    def score(requests: Sequence[Request]) -> NDArray[np.float64]:
        votes = sparse.lil_array((len(requests), catalogue + 1))
        for row, request in enumerate(requests):
            for back, item in enumerate(request.history_ids[::-1][:VOTERS]):
                votes[row, item] += 1.0 / (1.0 + back)
        scores_RV: NDArray[np.float64] = (votes.tocsr() @ matrix).toarray() + popularity_V * 1e-9
        return scores_RV

    return _ranker(score)
