"""The mapping of a shop's own table: a small TOML file that says which column means what."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from model.data.file import existing
from model.data.schema import EVENTS

__all__ = ["TEXTS", "TableMapping", "read_mapping"]

_REQUIRED = ("user", "item", "timestamp")
TEXTS = ("title", "category", "brand")
_KNOWN = (*_REQUIRED, "event", "value", "price", *TEXTS)
_KEYS = ("file", "columns", "events")


@dataclass(frozen=True, kw_only=True)
class TableMapping:
    """`file` is the table, `columns` maps our names to its columns, `events` its event names to ours."""

    file: Path
    columns: dict[str, str]
    events: dict[str, str]


def read_mapping(path: Path) -> TableMapping:
    """The mapping at `path`; ValueError names the key that is unknown, missing or of the wrong type."""
    try:
        loaded = tomllib.loads(existing(path).read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is not TOML ({error}); model/data/README.md shows a mapping") from error
    _known(path, "", loaded, _KEYS)
    columns = _texts(path, "columns", loaded.get("columns", {}))
    events = _texts(path, "events", loaded.get("events", {}))
    _known(path, "columns.", columns, _KNOWN)
    for name in _REQUIRED:
        if name not in columns:
            raise ValueError(f"{path}: columns.{name} is missing; name the column that holds the {name}")
    for theirs, ours in events.items():
        if ours not in EVENTS:
            raise ValueError(f"{path}: events.{theirs} is {ours!r}; choose one of {', '.join(EVENTS)}")
    if events and "event" not in columns:
        raise ValueError(
            f"{path}: events is given without columns.event; name the column that holds the event"
        )
    file = loaded.get("file")
    if not isinstance(file, str) or not file:
        raise ValueError(f"{path}: file is {file!r}; give the CSV or Parquet file, relative to the mapping")
    return TableMapping(file=path.parent / file, columns=columns, events=events)


def _known(path: Path, prefix: str, given: Iterable[str], known: tuple[str, ...]) -> None:
    for name in given:
        if name not in known:
            raise ValueError(f"{path}: {prefix}{name} is unknown; choose among {', '.join(known)}")


def _texts(path: Path, key: str, table: Any) -> dict[str, str]:  # noqa: ANN401 - whatever TOML holds
    if not isinstance(table, dict):
        raise ValueError(f"{path}: {key} is {table!r}; make it a table, [{key}]")
    for name, value in table.items():
        if not isinstance(value, str):
            raise ValueError(f"{path}: {key}.{name} is {value!r}; give it as text in quotes")
    return table
