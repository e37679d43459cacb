"""Where users' histories lie: one small interface, and what opens the store that a setting names.

Stores know users by pseudonym only, and items by the shop's own ids, which outlive a release.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from serving.gateway.event import Event, StoredHistory

__all__ = ["MAX_EVENTS", "HistoryStore", "HistoryStoreError"]

# Twice what the longest recipe's graph looks at; older events are forgotten.
MAX_EVENTS = 1024


class HistoryStoreError(RuntimeError):
    """The store cannot be read or written now; the message is one line."""


class HistoryStore(Protocol):
    """Users' newest `MAX_EVENTS` events. Every method but `close` raises HistoryStoreError if the store is away."""

    async def read(self, user: str, newest: int) -> StoredHistory:
        """The `newest` events of a user and the history's version; both empty for somebody unknown."""

    async def append(self, user: str, event: Event, event_id: str) -> int | None:
        """Add one event for good and return the history's new version; None if `event_id` was added before."""

    async def seed(self, name: str, histories: Mapping[str, Sequence[Event]]) -> int:
        """Add the users that the store does not know yet and return how many; nothing the second time for a `name`."""

    async def check(self) -> None:
        """Return if the store answers."""

    async def close(self) -> None:
        """Give its connections back."""
