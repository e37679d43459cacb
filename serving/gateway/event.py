"""What a user did with an item, and what the model may know of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import NamedTuple

import numpy as np

from serving.catalogue import SECONDS_PER_DAY, Catalogue
from serving.gateway.answer import EventKind
from serving.history import History

__all__ = ["DISLIKED_BELOW", "Event", "Profile", "StoredHistory"]

# Of five: whoever rates an item lower does not want it suggested.
DISLIKED_BELOW = 3.0


class Event(NamedTuple):
    """`at` in seconds since 1970; `value` is the stars of a rating, else None."""

    item_id: str
    kind: EventKind
    at: float
    value: float | None = None


@dataclass(frozen=True)
class StoredHistory:
    """A user's newest events, oldest first; `version` grows with every event, 0 is a user without any."""

    events: Sequence[Event]
    version: int


@dataclass(frozen=True)
class Profile:
    """What the model gets of a user, and the catalogue indices that are kept from them."""

    history: History
    disliked: frozenset[int]

    @classmethod
    def of(cls, stored: StoredHistory, catalogue: Catalogue, now: float) -> Profile:
        """Events in order of time, by this release's indices; items that it does not know are left out."""
        index_of = catalogue.indices.get
        known = [
            (at, index, value is not None and value < DISLIKED_BELOW)
            for item_id, _, at, value in stored.events
            if (index := index_of(item_id)) is not None
        ]
        known.sort(key=itemgetter(0))
        # The newest word counts: who buys again what they once rated low wants it again.
        last_word = {index: dislike for _, index, dislike in known}
        disliked = frozenset(index for index, dislike in last_word.items() if dislike)
        liked = [(at, index) for at, index, dislike in known if not dislike and index not in disliked]
        ages = (now - np.array([at for at, _ in liked])) / SECONDS_PER_DAY
        return cls(
            History(
                np.array([index for _, index in liked], np.int64), np.maximum(ages, 0).astype(np.float32)
            ),
            disliked,
        )
