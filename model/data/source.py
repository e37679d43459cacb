"""Where data comes from: the readers by name, and a fingerprint of what they would read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from model.artifact import sha256_of
from model.data import completejourney, rees46, sequences, table
from model.data.config import DataConfig
from model.data.file import existing
from model.data.schema import SCHEMA_VERSION, Tables

__all__ = ["SOURCES", "Source", "read", "source_fingerprint"]


@dataclass(frozen=True)
class Source:
    """How one kind of data is read: `read` parses what is at a path, about so many rows at a time, `inputs` lists
    the files it reads.
    """

    read: Callable[[str, int], Iterator[Tables]]
    inputs: Callable[[str], list[Path]]


SOURCES = {
    "completejourney": Source(completejourney.read, completejourney.inputs),
    "sequences": Source(sequences.read, sequences.inputs),
    "rees46": Source(rees46.read, rees46.inputs),
    "table": Source(table.read, table.inputs),
}


def _source(config: DataConfig) -> Source:
    if config.source not in SOURCES:
        raise ValueError(f"source is {config.source!r}, which is unknown; choose one of {', '.join(SOURCES)}")
    if not config.path and config.source != "completejourney":
        raise ValueError(f"path is empty; source {config.source!r} needs the path of a file")
    return SOURCES[config.source]


def read(config: DataConfig, rows: int) -> Iterator[Tables]:
    """What the configured source holds, about `rows` rows at a time, as canonical tables before cleaning.

    ValueError if it is wrong, which may show at the end only.
    """
    return _source(config).read(config.path, rows)


def source_fingerprint(config: DataConfig) -> str:
    """SHA-256 hex over the bytes of the input files and the choices, without parsing: for previews.

    Paths do not count, so that equal files give equal fingerprints on every machine.
    """
    inputs = _source(config).inputs(config.path)
    files = [sha256_of(existing(file)) for file in inputs]
    return hashlib.sha256(
        json.dumps([SCHEMA_VERSION, config.source, config.holdout, files]).encode()
    ).hexdigest()
