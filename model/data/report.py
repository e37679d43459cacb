"""The data report: what was read, kept, repaired and refused, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["DataReport", "PartSize"]


@dataclass(frozen=True, kw_only=True)
class PartSize:
    """How much of the data one part of the split holds; `unknown` events are of items outside the catalogue."""

    events: int
    users: int
    unknown: int


@dataclass(frozen=True, kw_only=True)
class DataReport:
    """Counts of one preparation.

    `read` = `kept` + all of `refused`; `repaired` rows are among the kept. `merged` repetitions of an item
    within a basket became one event, so the parts' events sum up to `kept` - `merged`.
    """

    source: str
    holdout: str
    read: int
    kept: int
    refused: Mapping[str, int]
    repaired: Mapping[str, int]
    merged: int
    users: int
    items: int
    first: str
    last: str
    parts: Mapping[str, PartSize]

    def as_markdown(self) -> str:
        """Two tables: rows by outcome and reason, events by part."""
        rows = [("read", "", self.read), ("kept", "", self.kept)]
        rows += [("refused", reason, count) for reason, count in self.refused.items()]
        rows += [("repaired", reason, count) for reason, count in self.repaired.items()]
        rows += [("merged", "an item repeated within a basket", self.merged)] if self.merged else []
        lines = [
            f"# Data report: {self.source}",
            "",
            f"{self.users:,} users and {self.items:,} items with training events, "
            f"{self.first} to {self.last}; held out: the last {self.holdout} (test) and the one before (validation).",
            "",
            "| rows | reason | count |",
            "| --- | --- | ---: |",
            *(f"| {outcome} | {reason} | {count:,} |" for outcome, reason, count in rows),
            "",
            "| part | events | users | events of items without a training event |",
            "| --- | ---: | ---: | ---: |",
            *(f"| {name} | {p.events:,} | {p.users:,} | {p.unknown:,} |" for name, p in self.parts.items()),
        ]
        return "\n".join(lines)
