"""The questions of the domain API."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from serving.gateway.decision import Outcome
from serving.gateway.event import Profile
from serving.gateway.model import Models
from serving.gateway.release import Release
from serving.gateway.search.retriever import Candidates, fused

__all__ = ["CANDIDATES", "Predict", "Recommend", "Search"]

# Ranked by the model for each search: 512 that words find, with 128 that are near in meaning among them.
CANDIDATES = 640
# Beside the results: of what sells on the shelves of the first few, what the user is likeliest to buy.
RELATED, RELATED_TO, NEIGHBOURS = 8, 3, 64


@dataclass(frozen=True, kw_only=True)
class Recommend:
    """The `k` next items."""

    k: int
    exclude_seen: bool

    @property
    def parameters(self) -> Mapping[str, Any]:
        """See `Question`."""
        return asdict(self)

    async def ask(self, models: Models, release: Release, profile: Profile) -> tuple[Release, Outcome]:
        """See `Question`."""
        answered, items, scores = await models.recommend(
            release, profile, self.k, exclude_seen=self.exclude_seen
        )
        return answered, Outcome(items, scores)

    def fallback(self, release: Release, profile: Profile) -> Outcome:
        """See `Question`."""
        ids = profile.history.ids
        left_out = profile.disliked | (set(ids.tolist()) if self.exclude_seen else set())
        return Outcome(release.popular.best(ids, self.k, left_out))


@dataclass(frozen=True, kw_only=True)
class Predict:
    """The chance of one item, by its catalogue index."""

    item: int

    @property
    def parameters(self) -> Mapping[str, Any]:
        """See `Question`."""
        return asdict(self)

    async def ask(self, models: Models, release: Release, profile: Profile) -> tuple[Release, Outcome]:
        """See `Question`."""
        answered, chances_BC = await models.chances(release, [profile.history], [self.item])
        return answered, Outcome([self.item], [float(chances_BC[0, 0])])

    def fallback(self, release: Release, profile: Profile) -> Outcome:
        """See `Question`."""
        return Outcome([self.item])


@dataclass(frozen=True, kw_only=True)
class Search:
    """The `k` of the candidates for the query `q` that the user is likeliest to buy, and what lies beside them."""

    q: str
    k: int
    candidates: Candidates

    @property
    def parameters(self) -> Mapping[str, Any]:
        """See `Question`; the candidates follow from the query and the release."""
        return {"q": self.q, "k": self.k}

    async def ask(self, models: Models, release: Release, profile: Profile) -> tuple[Release, Outcome]:
        """See `Question`."""
        found = self.candidates.items
        if not found:
            answered, related, _ = await models.recommend(release, profile, RELATED, exclude_seen=False)
            return answered, Outcome([], [], related=related)
        near = release.popular.best(np.array(found[:RELATED_TO]), NEIGHBOURS, found)
        judged = [*found, *near]
        answered, chances_1C = await models.chances(release, [profile.history], judged)
        chances = dict(zip(judged, chances_1C[0].tolist(), strict=True))
        ranked = self._ranked(chances)[: self.k]
        related = sorted(near, key=lambda item: -chances[item])[:RELATED]
        return answered, Outcome(ranked, [chances[item] for item in ranked], related=related)

    def fallback(self, release: Release, profile: Profile) -> Outcome:
        """See `Question`."""
        found = list(self.candidates.items)
        near = np.array(found[:RELATED_TO]) if found else profile.history.ids
        return Outcome(found[: self.k], related=release.popular.best(near, RELATED, found))

    def _ranked(self, chances: Mapping[int, float]) -> list[int]:
        """By chance, which doubles the MRR of what a household buys next; half a match has to match well, too.

        What has all the words comes before what is only near in meaning.
        """
        found = list(self.candidates.items)
        by_chance = sorted(found, key=lambda item: -chances[item])
        if self.candidates.matched == "all-words":
            return sorted(by_chance, key=lambda item: item not in self.candidates.exact)
        return fused([found, by_chance], len(found))
