"""Rows that were refused or repaired: kept aside as they came, each with its reason."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pandas as pd
from pandas import DataFrame, Index, RangeIndex, Series

__all__ = ["REFUSED", "REPAIRED", "Aside", "refusals", "refused_lines", "repairs"]

REFUSED = "refused"
REPAIRED = "repaired"
_TABLE = "interactions"
# Which description a row points to is our bookkeeping and not the row's.
_INTERNAL = "description"
_NOTHING = DataFrame(columns=["table", "outcome", "reason", "row"], dtype="str")


class Aside:
    """Collects what is kept aside, piece by piece: by reason, in the order in which the first piece had them."""

    def __init__(self) -> None:
        self._parts: dict[str, list[DataFrame]] = {}

    def add(self, parts: Mapping[str, DataFrame]) -> None:
        """What a piece has by reason; a reason without rows keeps its place."""
        for reason, part in parts.items():
            found = self._parts.setdefault(reason, [])
            if len(part):
                found.append(part)

    def in_input_order(self, reasons: Iterable[str]) -> None:
        """The rows of these reasons were met in another order than that of the input."""
        for reason in reasons:
            if found := self._parts.get(reason):
                self._parts[reason] = [pd.concat(found).sort_index()]

    def table(self) -> DataFrame:
        """All of it: table, outcome, reason, row."""
        filled = [part for parts in self._parts.values() for part in parts]
        return pd.concat(filled, ignore_index=True) if filled else refused_lines("", [])


def refusals(reason: str, rows: DataFrame) -> DataFrame:
    """Rows that are left out, as JSON; their index is their position in the input and becomes input_row."""
    return _aside(REFUSED, reason, _as_json(rows), rows.index)


def repairs(reason: str, rows: DataFrame) -> DataFrame:
    """Rows that are kept with one value changed, as they were before."""
    return _aside(REPAIRED, reason, _as_json(rows), rows.index)


def refused_lines(reason: str, lines: Iterable[str]) -> DataFrame:
    """Lines that did not even become rows, as text."""
    texts = list(lines)
    return _aside(REFUSED, reason, texts, RangeIndex(len(texts)))


def _as_json(rows: DataFrame) -> list[str]:
    if rows.empty:
        return []
    numbered = rows.drop(columns=_INTERNAL, errors="ignore").reset_index(names="input_row")
    text: str = numbered.to_json(orient="records", lines=True, date_format="iso")
    return text.splitlines()


def _aside(outcome: str, reason: str, rows: list[str], index: Index) -> DataFrame:
    if not rows:
        return _NOTHING
    about = DataFrame({"table": _TABLE, "outcome": outcome, "reason": reason}, index=index, dtype="str")
    return about.assign(row=Series(rows, index, dtype="str"))
