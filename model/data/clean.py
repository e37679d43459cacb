"""Cleaning: rows that cannot be believed are refused, prices that cannot be believed become unknown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from pandas import DataFrame

from model.data.refusal import refusals, repairs
from model.data.schema import INTERACTIONS

__all__ = ["SETTLED", "believable", "settled"]

Mask = npt.NDArray[np.bool_]

# Units in one event. The largest row of The Complete Journey that counts units is 144 ears of corn; a column
# that says seven times that of a household's purchase counts something else.
MAX_UNITS = 1_000
# Price of one unit, in any currency: a million millions is no price.
MAX_PRICE = 1e12
_COUNTED = ("purchase", "cart")


@dataclass(frozen=True)
class _Rule:
    reason: str
    breaks: Callable[[DataFrame], Mask]


def _counted(rows: DataFrame) -> Mask:
    return rows["event"].isin(_COUNTED).to_numpy()


_REFUSALS = (
    _Rule("user is missing", lambda rows: rows["user_id"].isna().to_numpy()),
    _Rule("item is missing", lambda rows: rows["item_id"].isna().to_numpy()),
    _Rule("event is missing or unknown", lambda rows: rows["event"].isna().to_numpy()),
    _Rule("timestamp is missing or unreadable", lambda rows: rows["timestamp"].isna().to_numpy()),
    _Rule("value is infinite", lambda rows: np.isinf(rows["value"].to_numpy())),
    _Rule("quantity is zero", lambda rows: (rows["value"].to_numpy() == 0) & _counted(rows)),
    _Rule("quantity is negative (refund)", lambda rows: (rows["value"].to_numpy() < 0) & _counted(rows)),
    _Rule(
        f"quantity is above {MAX_UNITS:,} units",
        lambda rows: (rows["value"].to_numpy() > MAX_UNITS) & _counted(rows),
    ),
    _Rule("price is negative (refund)", lambda rows: rows["price"].to_numpy() < 0),
    _Rule(f"price is above {MAX_PRICE:.0e}", lambda rows: rows["price"].to_numpy() > MAX_PRICE),
)


def _duplicates(rows: DataFrame) -> Mask:
    """Every repetition of a row but the first; most rows are ruled out by user, item and time alone."""
    pair = rows["user_id"].cat.codes.to_numpy("int64") * (len(rows["item_id"].cat.categories) + 1)
    pair += rows["item_id"].cat.codes.to_numpy("int64")
    keys = DataFrame({"pair": pair, "time": rows["timestamp"].astype("int64")})
    suspects = np.flatnonzero(keys.duplicated(keep=False))
    mask = np.zeros(len(rows), dtype=bool)
    mask[suspects] = rows.drop(columns="description").iloc[suspects].duplicated()
    return mask


_DUPLICATE = _Rule("exact duplicate", _duplicates)

_PRICE_MISSING = _Rule("price is missing: kept as unknown", lambda rows: rows["price"].isna().to_numpy())
_REPAIRS = (
    _Rule("value is missing: taken as 1", lambda rows: rows["value"].isna().to_numpy()),
    _Rule("price is zero: kept as unknown", lambda rows: rows["price"].to_numpy() == 0),
)
# What is found out when the rows are sorted, and so no longer in the order of the input.
SETTLED = tuple(rule.reason for rule in (_DUPLICATE, _PRICE_MISSING, *_REPAIRS))

Kept = tuple[DataFrame, dict[str, DataFrame]]


def believable(rows: DataFrame) -> Kept:
    """The rows that can be believed by themselves, and what was kept aside by reason.

    Every rule looks at one row and at nothing else, so that no later row decides what becomes of an earlier one.
    """
    verdict = np.zeros(len(rows), dtype="int8")
    aside = {}
    for number, rule in enumerate(_REFUSALS, start=1):
        broken = rule.breaks(rows) & (verdict == 0)
        verdict[broken] = number
        aside[rule.reason] = refusals(rule.reason, rows[broken])
    return rows[verdict == 0], aside


def settled(rows: DataFrame, *, priced: bool) -> Kept:
    """Canonical interactions from all believable rows of some users, sorted by user and time; and what was kept aside.

    Of exact repetitions the first is kept; what is missing gets what it is taken for.
    """
    repeated = _DUPLICATE.breaks(rows)
    aside = {_DUPLICATE.reason: refusals(_DUPLICATE.reason, rows[repeated])}
    kept = rows[~repeated]
    # Where a source knows no prices, saying so once a row says nothing.
    rules = (_PRICE_MISSING, *_REPAIRS) if priced else _REPAIRS
    aside |= {rule.reason: repairs(rule.reason, kept[rule.breaks(kept)]) for rule in rules}
    price = kept["price"].to_numpy()
    kept = kept.assign(value=kept["value"].fillna(1.0), price=np.where(price == 0, np.nan, price))
    return INTERACTIONS.validate(kept), aside
