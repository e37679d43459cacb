"""How a question about a user is decided: by the model within the deadline, by what sells otherwise."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import time
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np

from serving.failure import ServerError
from serving.gateway.answer import FallbackReason, Reason
from serving.gateway.cache import ResultCache
from serving.gateway.event import Profile
from serving.gateway.explanation import reasons_for
from serving.gateway.model import Models
from serving.gateway.release import Release, Releases
from serving.gateway.store import HistoryStore, HistoryStoreError
from serving.history import History

__all__ = ["Decider", "Decision", "Outcome", "Question"]

NOBODY = Profile(History.empty(), frozenset())
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Outcome:
    """Catalogue indices, best first, and what the model said of each; no scores where it was not asked."""

    items: Sequence[int]
    scores: Sequence[float] | None = None
    reasons: Sequence[Sequence[Reason]] | None = None
    related: Sequence[int] = ()


@dataclass(frozen=True)
class Decision:
    """An outcome, and how it came about; `inputs` is the hash of all that it was decided from."""

    outcome: Outcome
    release: Release
    reason: FallbackReason | None
    history_events: int
    inputs: str
    cached: bool = False


class Question(Protocol):
    """What is asked about a user; equal questions have equal `parameters`."""

    @property
    def parameters(self) -> Mapping[str, Any]:
        """The request, without the user."""

    async def ask(self, models: Models, release: Release, profile: Profile) -> tuple[Release, Outcome]:
        """The model's answer and the release that gave it; ServerError if there is none."""

    def fallback(self, release: Release, profile: Profile) -> Outcome:
        """The answer from what sells, at once and without anybody's help."""


@dataclass(frozen=True)
class Decider:
    """Everything that a decision needs; `deadline_seconds` is for the history and the model together."""

    histories: HistoryStore
    models: Models
    releases: Releases
    deadline_seconds: float
    cache: ResultCache[Decision] = field(default_factory=ResultCache)

    async def decide(self, user: str, question: Question, *, explain: bool = False) -> Decision:
        """Answer for the user of a pseudonym. Never fails: whatever goes wrong becomes a fallback with its reason.

        To `explain` takes as long again at most; an answer that cannot be explained in time comes without reasons.
        """
        release, profile = self.releases.current, NOBODY
        key: Hashable = None
        decision: Decision | None = None
        reason: FallbackReason = "no-history"
        try:
            async with asyncio.timeout(self.deadline_seconds):
                stored = await self.histories.read(user, release.max_history)
                profile = Profile.of(stored, release.catalogue, time.time())
                if len(profile.history.ids):
                    key = (user, stored.version, _canonical(question))
                    decision = await self._by_model(key, question, release, profile)
        except TimeoutError:
            reason = "deadline"
        except HistoryStoreError as error:
            reason = _noted("history-store", error)
        except ServerError as error:
            reason = _noted("triton", error)
        if decision:
            return await self._explained(key, decision, profile) if explain else decision
        outcome = question.fallback(release, profile)
        return Decision(outcome, release, reason, len(profile.history.ids), _hash_of(question, profile))

    async def _by_model(
        self, key: Hashable, question: Question, release: Release, profile: Profile
    ) -> Decision:
        if found := self.cache.get((key, release.digest)):
            return replace(found, cached=True)
        answered, outcome = await question.ask(self.models, release, profile)
        decision = Decision(outcome, answered, None, len(profile.history.ids), _hash_of(question, profile))
        self.cache.put((key, answered.digest), decision)
        return decision

    async def _explained(self, key: Hashable, decision: Decision, profile: Profile) -> Decision:
        if decision.outcome.reasons is not None:
            return decision
        try:
            async with asyncio.timeout(self.deadline_seconds):
                reasons = await reasons_for(self.models, decision.release, profile, decision.outcome.items)
        except (TimeoutError, ServerError) as error:
            log.warning("answered without reasons: %s", error or "too late")
            return decision
        explained = replace(decision, outcome=replace(decision.outcome, reasons=reasons))
        self.cache.put((key, decision.release.digest), replace(explained, cached=False))
        return explained


def _noted(reason: FallbackReason, error: Exception) -> FallbackReason:
    log.warning("answered with popular items, %s: %s", reason, error)
    return reason


def _canonical(question: Question) -> str:
    return json.dumps([type(question).__name__, question.parameters], sort_keys=True)


def _hash_of(question: Question, profile: Profile) -> str:
    """The request and the items of the history in order, as little-endian 64-bit catalogue indices."""
    inputs = _canonical(question).encode() + profile.history.ids.astype(np.dtype("<i8")).tobytes()
    return f"sha256:{hashlib.sha256(inputs).hexdigest()}"
