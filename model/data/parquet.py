"""Reading Parquet, with errors for people."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow
import pyarrow.compute
import pyarrow.parquet
from pandas import DataFrame

from model.data.file import existing, missing_columns
from model.data.piece import in_tables

__all__ = ["parquet_pieces", "read_parquet"]

# Below it a float64 tells every whole number from its neighbours.
_EXACT_FLOATS = 2.0**53
_BUFFER_BYTES = 1 << 20


def read_parquet(path: Path, columns: list[str]) -> DataFrame:
    """The named columns; ValueError if the file is missing, cut short or lacks one."""
    with _opened(path, columns):
        rows: DataFrame = pyarrow.parquet.read_table(path, columns=columns).to_pandas()
    return rows


def parquet_pieces(
    path: Path, columns: list[str], repeated: list[str], ids: list[str], rows: int
) -> Iterator[DataFrame]:
    """The named columns, `rows` rows at a time, those in `repeated` as categoricals: each distinct value once.

    A categorical also keeps `ids` what they are where one is missing: whole numbers do not become floats. Where
    they already are, as pandas makes them, they become whole again if the whole column allows it.
    ValueError if the file is missing, cut short or lacks a column.
    """
    with _opened(path, columns) as file:
        whole = [name for name in ids if _is_whole(file, name)]
        for table in in_tables(file.iter_batches(rows, columns=columns), rows):
            for name in repeated:
                column = _as_whole(table[name]) if name in whole else table[name]
                table = table.set_column(table.column_names.index(name), name, _encoded(column))
            yield table.unify_dictionaries().to_pandas(date_as_object=False)


@contextmanager
def _opened(path: Path, columns: list[str]) -> Iterator[pyarrow.parquet.ParquetFile]:
    existing(path)
    try:
        # With a buffer, a row group of any size is read a piece at a time.
        with pyarrow.parquet.ParquetFile(path, buffer_size=_BUFFER_BYTES) as file:
            missing_columns(path, columns, file.schema_arrow.names)
            yield file
    except (pyarrow.ArrowException, OSError) as error:
        reason = str(error).splitlines()[0]
        raise ValueError(
            f"{path} cannot be read as Parquet ({reason}); it may be cut short, so copy or download it again"
        ) from error


def _is_whole(file: pyarrow.parquet.ParquetFile, name: str) -> bool:
    """Whether a column of floats holds whole numbers alone: no piece of it can say so for the others."""
    if not pyarrow.types.is_floating(_values(file.schema_arrow.field(name).type)):
        return False
    for batch in file.iter_batches(columns=[name]):
        column = batch[0].drop_null().cast(pyarrow.float64())
        fits = pyarrow.compute.less(pyarrow.compute.abs(column), _EXACT_FLOATS)
        same = pyarrow.compute.equal(column, pyarrow.compute.trunc(column))
        if not pyarrow.compute.all(pyarrow.compute.and_(fits, same), min_count=0).as_py():
            return False
    return True


def _values(kind: pyarrow.DataType) -> pyarrow.DataType:
    return kind.value_type if pyarrow.types.is_dictionary(kind) else kind


def _as_whole(column: pyarrow.ChunkedArray) -> pyarrow.ChunkedArray:
    return column.cast(pyarrow.float64()).cast(pyarrow.int64())


def _encoded(column: pyarrow.ChunkedArray) -> pyarrow.ChunkedArray:
    return column if pyarrow.types.is_dictionary(column.type) else column.dictionary_encode()
