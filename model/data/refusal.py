"""Rows that were refused or repaired: kept aside as they came, each with its reason."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd
from pandas import DataFrame

__all__ = ["REFUSED", "REPAIRED", "combined", "refusals", "text_refusals"]

REFUSED = "refused"
REPAIRED = "repaired"
_COLUMNS = ["table", "outcome", "reason", "row"]


def refusals(table: str, reason: str, rows: DataFrame, outcome: str = REFUSED) -> DataFrame:
    """One line for each of `rows`, the original row as JSON."""
    lines = rows.to_json(orient="records", lines=True, date_format="iso").splitlines() if len(rows) else []
    return text_refusals(table, reason, lines, outcome)


def text_refusals(table: str, reason: str, rows: Iterable[str], outcome: str = REFUSED) -> DataFrame:
    """One line for each row of text, for input that did not even parse."""
    aside = DataFrame({"row": pd.Series(list(rows), dtype="str")})
    return aside.assign(table=table, outcome=outcome, reason=reason)[_COLUMNS]


def combined(parts: Iterable[DataFrame]) -> DataFrame:
    """All that was kept aside, in the order in which it was met."""
    filled = [part for part in parts if len(part)]
    return pd.concat(filled, ignore_index=True) if filled else text_refusals("", "", [])
