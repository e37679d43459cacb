"""Rows that were refused or repaired: kept aside as they came, each with its reason."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd
from pandas import DataFrame, Series

__all__ = ["REFUSED", "REPAIRED", "combined", "refusals", "refused_lines", "repairs"]

REFUSED = "refused"
REPAIRED = "repaired"
_TABLE = "interactions"
# Which description a row points to is our bookkeeping and not the row's.
_INTERNAL = "description"


def refusals(reason: str, rows: DataFrame) -> DataFrame:
    """Rows that are left out, one a line, as JSON with their position in the input (input_row)."""
    return _aside(REFUSED, reason, _as_json(rows))


def repairs(reason: str, rows: DataFrame) -> DataFrame:
    """Rows that are kept with one value changed, as they were before."""
    return _aside(REPAIRED, reason, _as_json(rows))


def refused_lines(reason: str, lines: Iterable[str]) -> DataFrame:
    """Lines that did not even become rows, as text."""
    return _aside(REFUSED, reason, list(lines))


def combined(parts: Iterable[DataFrame]) -> DataFrame:
    """All that was kept aside, in the order in which it was met."""
    filled = [part for part in parts if len(part)]
    return pd.concat(filled, ignore_index=True) if filled else _aside(REFUSED, "", [])


def _as_json(rows: DataFrame) -> list[str]:
    if rows.empty:
        return []
    numbered = rows.drop(columns=_INTERNAL, errors="ignore").reset_index(names="input_row")
    text: str = numbered.to_json(orient="records", lines=True, date_format="iso")
    return text.splitlines()


def _aside(outcome: str, reason: str, rows: list[str]) -> DataFrame:
    about = DataFrame(
        {"table": _TABLE, "outcome": outcome, "reason": reason}, index=range(len(rows)), dtype="str"
    )
    return about.assign(row=Series(rows, dtype="str"))
