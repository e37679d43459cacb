"""The fingerprint of canonical tables: equal for equal content, in every process."""

from __future__ import annotations

import hashlib
import json

import numpy as np
import pandas as pd
from pandas import CategoricalDtype, DataFrame, Series

from model.data.schema import SCHEMA_VERSION

__all__ = ["fingerprint"]


def fingerprint(tables: dict[str, DataFrame], **choices: str) -> str:
    """SHA-256 hex over every value of `tables`, the order of rows, `choices` and the schema's version."""
    digest = hashlib.sha256(json.dumps([SCHEMA_VERSION, choices], sort_keys=True).encode())
    for name, table in sorted(tables.items()):
        for column in sorted(table.columns):
            digest.update(f"{name}.{column}:{len(table)}".encode())
            _add(digest, table[column])
    return digest.hexdigest()


def _add(digest: hashlib._Hash, column: Series) -> None:
    if isinstance(column.dtype, CategoricalDtype):
        digest.update(json.dumps([str(name) for name in column.cat.categories]).encode())
        digest.update(column.cat.codes.to_numpy("int64").tobytes())
    elif pd.api.types.is_float_dtype(column.dtype):
        # One bit pattern for every NaN.
        values = column.to_numpy("float64")
        digest.update(np.where(np.isnan(values), np.nan, values).tobytes())
    elif pd.api.types.is_datetime64_any_dtype(column.dtype) or pd.api.types.is_integer_dtype(column.dtype):
        digest.update(column.astype("int64").to_numpy().tobytes())
    else:
        digest.update(json.dumps(column.tolist()).encode())
