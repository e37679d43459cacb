"""A shop's own table: any CSV or Parquet, with a mapping that says which column means what."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import numpy.typing as npt
from pandas import Categorical, DataFrame, Series

from model.category_path import PATH_SEPARATOR
from model.data.column import constant_event, event_names, numbers, text_ids, times
from model.data.delimited import read_csv
from model.data.description import descriptions_of
from model.data.parquet import read_parquet
from model.data.refusal import refused_lines
from model.data.schema import Tables
from model.data.table_mapping import TEXTS, TableMapping, read_mapping

__all__ = ["inputs", "read"]

_PARQUET = (".parquet", ".pq")
_SEPARATOR = re.compile(r"\s*>\s*")


def inputs(path: str) -> list[Path]:
    """The mapping and the table that it names."""
    mapping = Path(path)
    return [mapping, read_mapping(mapping).file]


def read(path: str) -> Tables:
    """Every row as an interaction: a purchase where no event is mapped, of one unit where no value is."""
    mapping = read_mapping(Path(path))
    rows, refused = _rows(mapping)
    descriptions, description = _descriptions(mapping, rows)
    columns = mapping.columns
    interactions = DataFrame(
        {
            "user_id": text_ids(rows[columns["user"]]),
            "item_id": text_ids(rows[columns["item"]]),
            "event": _events(mapping, rows),
            "value": numbers(rows[columns["value"]]) if "value" in columns else 1.0,
            "price": numbers(rows[columns["price"]]) if "price" in columns else np.nan,
            "timestamp": times(rows[columns["timestamp"]]),
            "description": description,
        }
    )
    return Tables(
        interactions=interactions,
        descriptions=descriptions,
        refused=refused,
        read=len(rows) + len(refused),
        priced="price" in columns,
    )


def _rows(mapping: TableMapping) -> tuple[DataFrame, DataFrame]:
    columns = list(dict.fromkeys(mapping.columns.values()))
    if mapping.file.suffix.lower() not in _PARQUET:
        return read_csv(mapping.file, columns)
    measures = {mapping.columns.get(name) for name in ("value", "price", "timestamp")}
    repeated = [name for name in columns if name not in measures]
    return read_parquet(mapping.file, columns, repeated), refused_lines("", [])


def _events(mapping: TableMapping, rows: DataFrame) -> Categorical:
    if "event" not in mapping.columns:
        return constant_event("purchase", len(rows))
    return event_names(rows[mapping.columns["event"]], mapping.events)


def _descriptions(mapping: TableMapping, rows: DataFrame) -> tuple[DataFrame, npt.NDArray[np.int32]]:
    unknown = Series("", index=rows.index, dtype="str")
    texts = {name: rows[mapping.columns[name]] if name in mapping.columns else unknown for name in TEXTS}
    descriptions, description = descriptions_of(texts)
    category = descriptions["category"].str.replace(_SEPARATOR, PATH_SEPARATOR, regex=True)
    return descriptions.assign(category=category), description
