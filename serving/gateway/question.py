"""The questions of the domain API."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from serving.gateway.decision import Outcome
from serving.gateway.event import Profile
from serving.gateway.explanation import explain
from serving.gateway.model import Models
from serving.gateway.release import Release

__all__ = ["Predict", "Recommend"]


@dataclass(frozen=True, kw_only=True)
class Recommend:
    """The `k` next items."""

    k: int
    exclude_seen: bool
    explain: bool

    @property
    def parameters(self) -> Mapping[str, Any]:
        """See `Question`."""
        return asdict(self)

    async def ask(self, models: Models, release: Release, profile: Profile) -> tuple[Release, Outcome]:
        """See `Question`."""
        answered, items, scores = await models.recommend(
            release, profile, self.k, exclude_seen=self.exclude_seen
        )
        outcome = Outcome(items, scores)
        return answered, await _explained(self.explain, models, release, profile, outcome)

    def fallback(self, release: Release, profile: Profile) -> Outcome:
        """See `Question`."""
        ids = profile.history.ids
        left_out = profile.disliked | (set(ids.tolist()) if self.exclude_seen else set())
        return Outcome(release.popular.best(ids, self.k, left_out))


@dataclass(frozen=True, kw_only=True)
class Predict:
    """The chance of one item, by its catalogue index."""

    item: int
    explain: bool

    @property
    def parameters(self) -> Mapping[str, Any]:
        """See `Question`."""
        return asdict(self)

    async def ask(self, models: Models, release: Release, profile: Profile) -> tuple[Release, Outcome]:
        """See `Question`."""
        answered, chances_BC = await models.chances(release, [profile.history], [self.item])
        outcome = Outcome([self.item], [float(chances_BC[0, 0])])
        return answered, await _explained(self.explain, models, release, profile, outcome)

    def fallback(self, release: Release, profile: Profile) -> Outcome:
        """See `Question`."""
        return Outcome([self.item])


async def _explained(
    wanted: bool, models: Models, release: Release, profile: Profile, outcome: Outcome
) -> Outcome:
    if not wanted:
        return outcome
    return replace(outcome, reasons=await explain(models, release, profile, outcome.items))
