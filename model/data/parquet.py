"""Reading Parquet, with errors for people."""

from __future__ import annotations

from pathlib import Path

import pyarrow
import pyarrow.parquet
from pandas import DataFrame

from model.data.file import existing, missing_columns

__all__ = ["read_parquet"]


def read_parquet(path: Path, columns: list[str], repeated: list[str] | None = None) -> DataFrame:
    """The named columns, those in `repeated` as categoricals: each distinct value once.

    A categorical also keeps ids what they are where one is missing: whole numbers do not become floats.
    ValueError if the file is missing, cut short or lacks a column.
    """
    existing(path)
    try:
        missing_columns(path, columns, pyarrow.parquet.read_schema(path).names)
        table = pyarrow.parquet.read_table(path, columns=columns)
        for name in repeated or []:
            table = table.set_column(table.column_names.index(name), name, _encoded(table[name]))
        rows: DataFrame = table.unify_dictionaries().to_pandas(date_as_object=False)
    except (pyarrow.ArrowException, OSError) as error:
        reason = str(error).splitlines()[0]
        raise ValueError(
            f"{path} cannot be read as Parquet ({reason}); it may be cut short, so copy or download it again"
        ) from error
    return rows


def _encoded(column: pyarrow.ChunkedArray) -> pyarrow.ChunkedArray:
    return column if pyarrow.types.is_dictionary(column.type) else column.dictionary_encode()
