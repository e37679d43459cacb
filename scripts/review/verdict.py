"""The first line of a review: what a reviewer has to do about the change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["BLOCKED", "DECIDE", "NOTHING", "Verdict"]

BLOCKED = "BLOCKED"
DECIDE = "NEEDS A DECISION"
NOTHING = "NOTHING RISKY"


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The word, and the reasons for it, the gravest first."""

    blocking: Sequence[str]
    deciding: Sequence[str]

    @property
    def word(self) -> str:
        """One of the three."""
        if self.blocking:
            return BLOCKED
        return DECIDE if self.deciding else NOTHING

    @property
    def reasons(self) -> list[str]:
        """Why."""
        return [*self.blocking, *self.deciding]
