"""The data report: what was read, kept, repaired and refused, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from pandas import DataFrame

from model.data.config import DataConfig
from model.data.refusal import REFUSED, REPAIRED
from model.data.split import PARTS

__all__ = ["DataReport", "PartSize", "data_report"]


@dataclass(frozen=True, kw_only=True)
class PartSize:
    """How much one part of the split holds; `unknown` counts its events of items outside the catalogue."""

    events: int
    users: int
    unknown: int


@dataclass(frozen=True, kw_only=True)
class DataReport:
    """Counts of one preparation.

    `read` is `kept` and all of `refused`; `repaired` rows are among the kept. `merged` repetitions of an
    item within a basket went into one event each, so the parts' events sum up to `kept` less `merged`.
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
        rows += [("merged", "item repeated within a basket", self.merged)] if self.merged else []
        lines = [
            f"# Data report: {self.source}",
            "",
            f"{self.users:,} users, {self.items:,} items with training events, {self.first} to {self.last}. "
            f"Held out of each user: the last {self.holdout} (test) and the one before it (validation).",
            "",
            "| rows | reason | count |",
            "| --- | --- | ---: |",
            *(f"| {outcome} | {reason} | {count:,} |" for outcome, reason, count in rows),
            "",
            "| part | events | users | events of items never seen in training |",
            "| --- | ---: | ---: | ---: |",
            *(
                f"| {name} | {part.events:,} | {part.users:,} | {part.unknown:,} |"
                for name, part in self.parts.items()
            ),
        ]
        return "\n".join(lines)


def data_report(
    config: DataConfig, read: int, kept: int, items: DataFrame, events: DataFrame, refused: DataFrame
) -> DataReport:
    """Count: `read` rows of input, of which `kept` were kept, `refused` put aside, `events` made."""
    user, item = events["user_index"].to_numpy(), events["item_index"].to_numpy()
    part = events["part"].cat.codes.to_numpy()
    return DataReport(
        source=config.source,
        holdout=config.holdout,
        read=read,
        kept=kept,
        refused=_reasons(refused, REFUSED),
        repaired=_reasons(refused, REPAIRED),
        merged=kept - len(events),
        users=int(user[-1]) + 1,
        items=len(items),
        first=f"{events['timestamp'].min():%Y-%m-%d}",
        last=f"{events['timestamp'].max():%Y-%m-%d}",
        parts={name: _size(user[part == number], item[part == number]) for number, name in enumerate(PARTS)},
    )


def _reasons(refused: DataFrame, outcome: str) -> dict[str, int]:
    counts = refused.loc[refused["outcome"] == outcome, "reason"].value_counts()
    return {str(reason): int(count) for reason, count in counts.items()}


def _size(user: npt.NDArray[np.int32], item: npt.NDArray[np.int32]) -> PartSize:
    """Of the events of one part, sorted by user."""
    return PartSize(
        events=len(user),
        users=int(np.count_nonzero(np.diff(user, prepend=-1))),
        unknown=int(np.count_nonzero(item == 0)),
    )
