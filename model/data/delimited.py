"""Reading CSV: every column as text, malformed lines set aside with their line number."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

import pyarrow
import pyarrow.csv
from pandas import DataFrame

from model.data.file import existing, missing_columns
from model.data.piece import in_tables
from model.data.refusal import refused_lines

__all__ = ["MAX_MALFORMED_SHARE", "check_malformed", "read_csv"]

# One line in a hundred is dirt in a file; more of them say that the file is not what it is taken for.
MAX_MALFORMED_SHARE = 0.01
_BLOCK_BYTES = 1 << 20
_MISSING = ["", "NULL", "null", "NaN", "nan"]
_TEXT = pyarrow.dictionary(pyarrow.int32(), pyarrow.string())


@dataclass
class _Malformed:
    """Collects the records that have too few or too many fields."""

    records: list[pyarrow.csv.InvalidRow] = field(default_factory=list)

    def __call__(self, record: pyarrow.csv.InvalidRow) -> str:
        self.records.append(record)
        return "skip"


def read_csv(path: Path, columns: list[str], rows: int) -> Iterator[tuple[DataFrame, DataFrame]]:
    """`rows` rows at a time: the named columns as categoricals of text, and the refused lines, known at the end.

    ValueError if the file is missing, is not UTF-8, lacks a column or is malformed beyond
    `MAX_MALFORMED_SHARE`.
    """
    existing(path)
    malformed = _Malformed()
    good = 0
    none: DataFrame | None = None
    try:
        _check_encoding(path)
        missing_columns(path, columns, _header(path))
        with _opened(path, columns, malformed) as reader:
            none = reader.schema.empty_table().to_pandas()
            for table in in_tables(reader, rows):
                good += len(table)
                yield table.unify_dictionaries().to_pandas(), refused_lines("", [])
    except (pyarrow.ArrowException, OSError) as error:
        reason = str(error).splitlines()[0]
        raise ValueError(f"{path} cannot be read as CSV ({reason}); save it as UTF-8 with commas") from error
    if malformed.records:
        yield none, _refused(path, malformed.records, good)


def _opened(path: Path, columns: list[str], malformed: _Malformed) -> pyarrow.csv.CSVStreamingReader:
    return pyarrow.csv.open_csv(
        path,
        # Record numbers are known only to a reader with one thread.
        read_options=pyarrow.csv.ReadOptions(use_threads=False),
        parse_options=_parse_options(malformed),
        convert_options=pyarrow.csv.ConvertOptions(
            include_columns=columns,
            column_types=dict.fromkeys(columns, _TEXT),
            null_values=_MISSING,
            strings_can_be_null=True,
        ),
    )


def _check_encoding(path: Path) -> None:
    """ValueError naming the first line that is not UTF-8: Arrow would name none, or a column."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    line = 1
    for block in chain(_blocks(path), [b""]):
        try:
            decoder.decode(block, final=not block)
        except UnicodeDecodeError as error:
            line += error.object[: error.start].count(b"\n")
            raise ValueError(f"{path} line {line} is not UTF-8; save the file as UTF-8 text") from error
        line += block.count(b"\n")


def _parse_options(malformed: _Malformed) -> pyarrow.csv.ParseOptions:
    return pyarrow.csv.ParseOptions(newlines_in_values=True, invalid_row_handler=malformed)


def _header(path: Path) -> list[str]:
    with pyarrow.csv.open_csv(path, parse_options=_parse_options(_Malformed())) as reader:
        return list(reader.schema.names)


def _refused(path: Path, records: list[pyarrow.csv.InvalidRow], good: int) -> DataFrame:
    lines = _lines(path)
    found = sorted(records, key=lambda record: record.number)
    first_lines = _line_numbers(lines, [record.number for record in found])
    first = found[0]
    complaint = f"{first.actual_columns} fields instead of {first.expected_columns}"
    check_malformed(path, first_lines[0], complaint, len(found), good + len(found))
    texts = [f"line {line}: {record.text}" for line, record in zip(first_lines, found, strict=True)]
    return refused_lines("line is malformed", texts)


def check_malformed(path: Path, line: int, complaint: str, malformed: int, lines: int) -> None:
    """ValueError if more than `MAX_MALFORMED_SHARE` of the lines are malformed; names the first of them."""
    if malformed > MAX_MALFORMED_SHARE * lines:
        raise ValueError(
            f"{path} line {line} has {complaint}, and {malformed:,} of {lines:,} lines are malformed "
            f"(at most {MAX_MALFORMED_SHARE:.0%} are set aside); correct the file"
        )


def _blocks(path: Path) -> Iterator[bytes]:
    with pyarrow.input_stream(str(path)) as stream:
        while block := stream.read(_BLOCK_BYTES):
            yield block


def _lines(path: Path) -> Iterator[bytes]:
    rest = b""
    for block in _blocks(path):
        *lines, rest = (rest + block).split(b"\n")
        yield from lines
    yield rest


def _line_numbers(lines: Iterator[bytes], records: list[int]) -> list[int]:
    """The lines on which the records start: quoted values run over lines, and empty lines do not count."""
    wanted = iter(records)
    target = next(wanted, None)
    starts: list[int] = []
    record = 0
    quoted = False
    for number, line in enumerate(lines, start=1):
        if not quoted and line.strip(b"\r"):
            record += 1
            if record == target:
                starts.append(number)
                target = next(wanted, None)
        if target is None:
            break
        quoted ^= line.count(b'"') % 2 == 1
    return starts
