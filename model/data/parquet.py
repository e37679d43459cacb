"""Reading Parquet, with errors for people."""

from __future__ import annotations

from pathlib import Path

import pyarrow
import pyarrow.parquet
from pandas import DataFrame

from model.data.file import existing, missing_columns

__all__ = ["read_parquet"]


def read_parquet(path: Path, columns: list[str]) -> DataFrame:
    """The named columns of a Parquet file; ValueError if the file is missing, cut short or lacks one."""
    existing(path)
    try:
        names = pyarrow.parquet.read_schema(path).names
        missing_columns(path, columns, names)
        return pyarrow.parquet.read_table(path, columns=columns).to_pandas()
    except (pyarrow.ArrowException, OSError) as error:
        reason = str(error).splitlines()[0]
        raise ValueError(
            f"{path} cannot be read as Parquet ({reason}); it may be cut short, so copy or download it again"
        ) from error
