"""A shop's own table: any CSV or Parquet, with a mapping that says which column means what."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
from pandas import Categorical, DataFrame, Series

from model.category_path import PATH_SEPARATOR
from model.data.column import constant_event, event_names, numbers, text_ids, times
from model.data.delimited import read_csv
from model.data.description import Descriptions
from model.data.parquet import parquet_pieces
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


def read(path: str, rows: int) -> Iterator[Tables]:
    """Every row as an interaction: a purchase where no event is mapped, of one unit where no value is."""
    mapping = read_mapping(Path(path))
    known = Descriptions()
    for piece, refused in _pieces(mapping, rows):
        yield _tables(mapping, piece, refused, known)


def _tables(mapping: TableMapping, rows: DataFrame, refused: DataFrame, known: Descriptions) -> Tables:
    descriptions, description = _descriptions(mapping, rows, known)
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


def _pieces(mapping: TableMapping, rows: int) -> Iterator[tuple[DataFrame, DataFrame]]:
    columns = list(dict.fromkeys(mapping.columns.values()))
    if mapping.file.suffix.lower() not in _PARQUET:
        yield from read_csv(mapping.file, columns, rows)
        return
    measures = {mapping.columns.get(name) for name in ("value", "price", "timestamp")}
    repeated = [name for name in columns if name not in measures]
    ids = [mapping.columns["user"], mapping.columns["item"]]
    for piece in parquet_pieces(mapping.file, columns, repeated, ids, rows):
        yield piece, refused_lines("", [])


def _events(mapping: TableMapping, rows: DataFrame) -> Categorical:
    if "event" not in mapping.columns:
        return constant_event("purchase", len(rows))
    return event_names(rows[mapping.columns["event"]], mapping.events)


def _descriptions(
    mapping: TableMapping, rows: DataFrame, known: Descriptions
) -> tuple[DataFrame, npt.NDArray[np.int32]]:
    unknown = Series("", index=rows.index, dtype="str")
    texts = {name: rows[mapping.columns[name]] if name in mapping.columns else unknown for name in TEXTS}
    descriptions, description = known.add(texts)
    category = descriptions["category"].str.replace(_SEPARATOR, PATH_SEPARATOR, regex=True)
    return descriptions.assign(category=category), description
