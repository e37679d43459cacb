"""The fingerprint of canonical tables: equal for equal content, in every process and in pieces of any size."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from pandas import DataFrame, Index

from model.data.schema import SCHEMA_VERSION

__all__ = ["Column", "fingerprint"]

_TEXTS_AT_A_TIME = 1 << 16


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column's values in pieces; where there are `categories`, the values are places in them."""

    pieces: Iterable[npt.NDArray[Any]]
    categories: Index | None = None


def fingerprint(
    descriptions: DataFrame, interactions: Mapping[str, Column], rows: int, **choices: str
) -> str:
    """SHA-256 hex over every value of both tables, the order of rows, `choices` and the schema's version.

    `rows` is how many interactions there are.
    """
    digest = hashlib.sha256(json.dumps([SCHEMA_VERSION, choices], sort_keys=True).encode())
    for name in sorted(descriptions.columns):
        digest.update(f"descriptions.{name}:{len(descriptions)}".encode())
        digest.update(json.dumps(descriptions[name].tolist()).encode())
    for name, column in sorted(interactions.items()):
        digest.update(f"interactions.{name}:{rows}".encode())
        for piece in _bytes(column):
            digest.update(piece)
    return digest.hexdigest()


def _bytes(column: Column) -> Iterator[bytes]:
    if column.categories is not None:
        yield from _as_json(column.categories)
    for piece in column.pieces:
        if piece.dtype.kind == "f":
            # One bit pattern for every NaN.
            yield np.where(np.isnan(piece), np.nan, piece).tobytes()
        else:
            yield piece.astype("int64").tobytes()


def _as_json(texts: Index) -> Iterator[bytes]:
    """What `json.dumps` makes of the whole list."""
    yield b"["
    for start in range(0, len(texts), _TEXTS_AT_A_TIME):
        some = json.dumps(texts[start : start + _TEXTS_AT_A_TIME].tolist())
        yield (", " if start else "").encode() + some[1:-1].encode()
    yield b"]"
