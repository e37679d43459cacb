"""Cleaning: rows that cannot be believed are refused, prices that cannot be believed become unknown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from pandas import DataFrame

from model.data.refusal import combined, refusals, repairs
from model.data.schema import INTERACTIONS, Tables

__all__ = ["clean"]

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
    _Rule("exact duplicate", lambda rows: _duplicates(rows)),
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


_PRICE_MISSING = _Rule("price is missing: kept as unknown", lambda rows: rows["price"].isna().to_numpy())
_REPAIRS = (
    _Rule("value is missing: taken as 1", lambda rows: rows["value"].isna().to_numpy()),
    _Rule("price is zero: kept as unknown", lambda rows: rows["price"].to_numpy() == 0),
)


def clean(tables: Tables) -> tuple[DataFrame, DataFrame]:
    """The interactions that can be believed, sorted by user and time, and what was kept aside.

    Every rule looks at one row (or at its exact repetitions) and at nothing else, so that no later row
    decides what becomes of an earlier one.
    """
    rows = tables.interactions
    verdict = np.zeros(len(rows), dtype="int8")
    aside = [tables.refused]
    for number, rule in enumerate(_REFUSALS, start=1):
        broken = rule.breaks(rows) & (verdict == 0)
        verdict[broken] = number
        aside.append(refusals(rule.reason, rows[broken]))
    kept = rows[verdict == 0]
    # Where a source knows no prices, saying so once a row says nothing.
    rules = (_PRICE_MISSING, *_REPAIRS) if tables.priced else _REPAIRS
    aside += [repairs(rule.reason, kept[rule.breaks(kept)]) for rule in rules]
    price = kept["price"].to_numpy()
    kept = kept.assign(value=kept["value"].fillna(1.0), price=np.where(price == 0, np.nan, price))
    return INTERACTIONS.validate(_sorted(kept)), combined(aside)


def _sorted(rows: DataFrame) -> DataFrame:
    """By user, then time; rows of one user and time keep the order of the input."""
    rows = rows.assign(
        user_id=rows["user_id"].cat.remove_unused_categories(),
        item_id=rows["item_id"].cat.remove_unused_categories(),
    )
    time = rows["timestamp"].astype("int64").to_numpy()
    order = np.lexsort((time, rows["user_id"].cat.codes.to_numpy()))
    return rows.take(order)
