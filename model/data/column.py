"""Columns of canonical tables, built value by distinct value instead of row by row."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas import Categorical, CategoricalDtype, Index, Series

from model.data.schema import EVENT_DTYPE, EVENTS, TIMESTAMP_DTYPE

__all__ = ["codes_of", "constant_event", "distinct", "event_names", "numbers", "text_ids", "times"]

# Numbers are Unix times from 1973 on: seconds, or milliseconds where seconds would be past the year 5000.
_MIN_UNIX_SECONDS = 1e8
_MAX_UNIX_SECONDS = 1e11
_MICROSECONDS = 1e6
_MILLISECONDS_A_SECOND = 1e3


def distinct(column: Series) -> tuple[npt.NDArray[np.integer], Series]:
    """The distinct values of a column and, for each row, which of them it holds (-1: missing)."""
    if isinstance(column.dtype, CategoricalDtype):
        return column.cat.codes.to_numpy("int64"), Series(column.cat.categories)
    codes, values = pd.factorize(column)
    return codes.astype("int64"), Series(values)


def text_ids(ids: Series) -> Categorical:
    """Ids as a categorical of text, its categories sorted; missing and empty ids stay missing."""
    codes, values = distinct(ids)
    names = _id_texts(values)
    # Two spellings of one id (" 7", "7") meet in one category.
    name_codes, categories = pd.factorize(names, sort=True)
    return Categorical.from_codes(np.append(name_codes, -1)[codes], categories=Index(categories, dtype="str"))


def _id_texts(values: Series) -> Series:
    texts = values.astype("object").astype("str") if _is_time(values) else values.astype("str")
    texts = texts.str.strip()
    return texts.where(texts != "")


def _is_time(values: Series) -> bool:
    # Of times, pandas decides for all together whether they are written as dates.
    return pd.api.types.is_datetime64_any_dtype(values.dtype)


def codes_of(keys: Series, table_keys: Series) -> npt.NDArray[np.int32]:
    """The row of `table_keys`, whose values are unique, that holds each of `keys`; -1 where none does."""
    codes, values = distinct(keys)
    rows = Index(table_keys).get_indexer(Index(values))
    taken: npt.NDArray[np.int32] = np.append(rows, -1).astype("int32")[codes]
    return taken


def numbers(column: Series) -> npt.NDArray[np.float64]:
    """The column as float64; NaN where it is no number."""
    if pd.api.types.is_numeric_dtype(column.dtype):
        return column.to_numpy("float64", na_value=np.nan)
    codes, values = distinct(column)
    parsed = pd.to_numeric(values, errors="coerce").to_numpy("float64", na_value=np.nan)
    taken: npt.NDArray[np.float64] = np.append(parsed, np.nan)[codes]
    return taken


def times(column: Series) -> Series:
    """UTC timestamps from ISO 8601 text, dates or Unix seconds or milliseconds; NaT where there is none.

    Times without a zone are taken as UTC.
    """
    codes, values = distinct(column)
    moments = values if pd.api.types.is_datetime64_any_dtype(values.dtype) else _parsed(values)
    moments = moments.dt.tz_localize("UTC") if moments.dt.tz is None else moments.dt.tz_convert("UTC")
    # The last one, which code -1 takes, is the missing time.
    known = pd.concat([moments.astype(TIMESTAMP_DTYPE), Series([pd.NaT], dtype=TIMESTAMP_DTYPE)])
    taken: Series = known.take(codes).set_axis(column.index)
    return taken


def _parsed(values: Series) -> Series:
    if pd.api.types.is_numeric_dtype(values.dtype):
        return _unix(values)
    text = values.astype("str").str.strip()
    named = text.str.endswith("UTC").astype("bool")
    if named.any():
        text = text.where(~named, text.str.removesuffix("UTC").str.rstrip() + "Z")
    # The values are distinct: pandas need not look for repeated ones.
    iso = pd.to_datetime(text, format="ISO8601", utc=True, errors="coerce", cache=False)
    moments = iso.astype(TIMESTAMP_DTYPE)
    if moments.isna().any():
        moments = moments.fillna(_unix(values[moments.isna()]).astype(TIMESTAMP_DTYPE))
    return moments


def _unix(values: Series) -> Series:
    seconds = pd.to_numeric(values, errors="coerce").astype("float64")
    seconds = seconds.where(seconds < _MAX_UNIX_SECONDS, seconds / _MILLISECONDS_A_SECOND)
    seconds = seconds.where(seconds.between(_MIN_UNIX_SECONDS, _MAX_UNIX_SECONDS))
    return pd.to_datetime((seconds * _MICROSECONDS).round(), unit="us", utc=True)


def event_names(column: Series, meaning: Mapping[str, str]) -> Categorical:
    """The canonical event of each row; missing where a name is neither in `meaning` nor canonical itself."""
    codes, values = distinct(column)
    known = {**{name: name for name in EVENTS}, **meaning}
    numbers_of = [EVENTS.index(known[name]) if name in known else -1 for name in map(str, values)]
    return Categorical.from_codes(np.array([*numbers_of, -1], "int8")[codes], dtype=EVENT_DTYPE)


def constant_event(event: str, rows: int) -> Categorical:
    """A column that holds one event throughout."""
    return Categorical.from_codes(np.full(rows, EVENTS.index(event), "int8"), dtype=EVENT_DTYPE)
