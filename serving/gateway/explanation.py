"""Why an item: how its chance falls when a part of the history is left out.

Leave-one-out over the newest items and the commonest categories of the history, all in one request to Triton. It says
what this model did with this history, not why a person buys; parts that say the same (two sorts of milk) cover for
each other and both look small.

B = histories: the whole one first, then one without each part; K = items to explain; T = events
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.signature import PADDING
from serving.gateway.answer import Reason
from serving.gateway.event import Profile
from serving.gateway.model import Models
from serving.gateway.popular import category_of
from serving.gateway.release import Release
from serving.history import History

__all__ = ["reasons_for"]

ITEMS, CATEGORIES = 8, 4
REASONS = 3
# Chances nearer to 0 or 1 than float32 and INT8 can tell apart.
SMALLEST_CHANCE = 1e-6


@dataclass(frozen=True)
class _Part:
    """Something of a history that can be left out: where it stands [T], and what it is called."""

    where_T: NDArray[np.bool_]
    name: str
    item: int | None


async def reasons_for(
    models: Models, release: Release, profile: Profile, items: Sequence[int]
) -> list[list[Reason]]:
    """The strongest reasons for each of `items`; ServerError if Triton has no answer."""
    newest = History(
        profile.history.ids[-release.max_history :], profile.history.ages[-release.max_history :]
    )
    parts = _parts(newest, release)
    histories = [newest, *(_without(newest, part) for part in parts)]
    _, chances_BK = await models.chances(release, histories, items)
    weights_BK = _logit(chances_BK[:1]) - _logit(chances_BK[1:])
    return [_strongest(parts, weights_BK[:, each], release) for each in range(len(items))]


def _parts(history: History, release: Release) -> list[_Part]:
    catalogue = release.catalogue
    newest = list(dict.fromkeys(history.ids[::-1].tolist()))[:ITEMS]
    numbers_T = release.popular.categories[history.ids]
    common = np.argsort(-np.bincount(numbers_T))[:CATEGORIES]
    parts = [_Part(history.ids == item, catalogue.item(item).title, item) for item in newest]
    for where_T in (numbers_T == number for number in common):
        if where_T.any():
            item = catalogue.item(int(history.ids[where_T][0]))
            parts.append(_Part(where_T, category_of(item.category), None))
    return parts


def _without(history: History, part: _Part) -> History:
    """The graph takes index 0 for padding wherever it stands, so all histories keep one length."""
    return History(np.where(part.where_T, PADDING, history.ids), history.ages)


def _strongest(parts: Sequence[_Part], weights_B: NDArray[np.float64], release: Release) -> list[Reason]:
    order = np.argsort(-np.abs(weights_B), kind="stable")[:REASONS]
    return [
        _reason(parts[each], float(weights_B[each]), release) for each in order if abs(weights_B[each]) > 0
    ]


def _reason(part: _Part, weight: float, release: Release) -> Reason:
    item_id = None if part.item is None else release.catalogue.item(part.item).item_id
    return Reason(
        kind="category" if part.item is None else "item",
        name=part.name,
        item_id=item_id,
        weight=round(weight, 4),
    )


def _logit(chances: NDArray[np.float32]) -> NDArray[np.float64]:
    held = np.clip(chances.astype(np.float64), SMALLEST_CHANCE, 1 - SMALLEST_CHANCE)
    return np.log(held / (1 - held))
