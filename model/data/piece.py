"""Tables of a wanted number of rows from batches of any."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pyarrow

__all__ = ["in_tables"]


def in_tables(batches: Iterable[pyarrow.RecordBatch], rows: int) -> Iterator[pyarrow.Table]:
    """The rows of `batches`, `rows` to a table; the last one may have fewer."""
    held: list[pyarrow.RecordBatch] = []
    room = rows
    for batch in batches:
        rest = batch
        while len(rest) >= room:
            yield pyarrow.Table.from_batches([*held, rest.slice(0, room)])
            rest = rest.slice(room)
            held, room = [], rows
        if len(rest):
            held.append(rest)
            room -= len(rest)
    if held:
        yield pyarrow.Table.from_batches(held)
