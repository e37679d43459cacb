"""Quality by group: customers with short and long histories, items that are new to them or rare to all.

R = requests, K = items ranked, V = items
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from model.evaluate import CUTOFF, Ranker, gains
from model.sequence import Request

__all__ = ["by_group"]

# An item with fewer events in training counts as rare, as in most papers on cold starts.
RARE_BELOW = 5
_SHORT = 0.25


def by_group(
    rank: Ranker, asked: Sequence[Request], exclude_seen: bool, events_V: NDArray[np.int64]
) -> dict[str, dict[str, float]]:
    """NDCG@10 and how many requests it is the mean of, by group; groups that nobody is in are left out.

    `events_V` counts the training events of every catalogue index. An item counts in its own group alone: what else
    a request wanted is neither hit nor missed there.
    """
    ranked_RK = rank(asked, CUTOFF, exclude_seen)
    length_R = np.array([len(request.history_ids) for request in asked])
    short = int(np.quantile(length_R[length_R > 0], _SHORT)) if length_R.any() else 0
    everything = [request.items for request in asked]
    fresh = [~np.isin(request.items, request.history_ids) for request in asked]
    rare = [events_V[items] < RARE_BELOW for items in everything]
    wanted = {
        "customers without a history": _where(everything, length_R == 0),
        f"customers with up to {short} events": _where(everything, (length_R > 0) & (length_R <= short)),
        f"customers with more than {short} events": _where(everything, length_R > short),
        "items new to the customer": _among(everything, fresh),
        "items that the customer bought before": _among(everything, [~new for new in fresh]),
        f"items with fewer than {RARE_BELOW} events in training": _among(everything, rare),
        "other items": _among(everything, [~few for few in rare]),
    }
    return {
        name: {"requests": len(found), "ndcg": _mean_gain(ranked_RK, found)}
        for name, found in wanted.items()
        if found
    }


def _where(items: Sequence[NDArray[np.int64]], chosen_R: NDArray[np.bool_]) -> dict[int, NDArray[np.int64]]:
    return {place: items[place] for place in np.flatnonzero(chosen_R).tolist()}


def _among(
    items: Sequence[NDArray[np.int64]], chosen: Sequence[NDArray[np.bool_]]
) -> dict[int, NDArray[np.int64]]:
    """What is chosen of each request that has any of it in the catalogue."""
    parts = [wanted[of & (wanted != 0)] for wanted, of in zip(items, chosen, strict=True)]
    return {place: part for place, part in enumerate(parts) if len(part)}


def _mean_gain(ranked_RK: NDArray[np.int64], wanted: dict[int, NDArray[np.int64]]) -> float:
    return float(gains(ranked_RK[list(wanted)], list(wanted.values()))[0].mean())
