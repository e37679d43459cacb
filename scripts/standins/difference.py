"""What changed between two sets of inputs, as the engine wants it told."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pulumi.runtime.proto import provider_pb2

from scripts.standins.replacement import replaced_by
from scripts.standins.wire import is_asset, plain

__all__ = ["DEFAULTS", "difference"]

# Where Pulumi's bridge to Terraform notes which inputs it filled in by itself.
DEFAULTS = "__defaults"
_Kind = provider_pb2.PropertyDiff.Kind
_ABSENT = object()
_REPLACING = {
    _Kind.ADD: _Kind.ADD_REPLACE,
    _Kind.DELETE: _Kind.DELETE_REPLACE,
    _Kind.UPDATE: _Kind.UPDATE_REPLACE,
}
Path = tuple[str | int, ...]


def difference(
    token: str, olds: dict[str, Any], news: dict[str, Any], named_by_us: bool
) -> provider_pb2.DiffResponse:
    """Every changed input with its path; a replaced resource whose name a person chose is deleted first."""
    detailed, replaces = {}, set()
    for path, kind in _changes(plain(olds), plain(news), ()):
        if replaced_by(token, path):
            replaces.add(str(path[0]))
            kind = _REPLACING[kind]
        detailed[_text(path)] = provider_pb2.PropertyDiff(kind=kind, inputDiff=True)
    return provider_pb2.DiffResponse(
        changes=provider_pb2.DiffResponse.DIFF_SOME if detailed else provider_pb2.DiffResponse.DIFF_NONE,
        diffs=sorted({re.split(r"[.\[]", path)[0] for path in detailed}),
        replaces=sorted(replaces),
        deleteBeforeReplace=bool(replaces) and not named_by_us,
        detailedDiff=detailed,
        hasDetailedDiff=True,
    )


def _changes(old: Any, new: Any, path: Path) -> Iterator[tuple[Path, _Kind.ValueType]]:  # noqa: ANN401 - any property
    if old is _ABSENT or new is _ABSENT:
        yield path, _Kind.ADD if old is _ABSENT else _Kind.DELETE
    elif is_asset(old) and is_asset(new):
        if old["hash"] != new["hash"]:
            yield path, _Kind.UPDATE
    elif isinstance(old, dict) and isinstance(new, dict):
        for key in sorted((old.keys() | new.keys()) - {DEFAULTS}):
            yield from _changes(old.get(key, _ABSENT), new.get(key, _ABSENT), (*path, key))
    elif isinstance(old, list) and isinstance(new, list):
        for index in range(max(len(old), len(new))):
            yield from _changes(_at(old, index), _at(new, index), (*path, index))
    elif old != new:
        yield path, _Kind.UPDATE


def _at(values: list[Any], index: int) -> Any:  # noqa: ANN401 - any property
    return values[index] if index < len(values) else _ABSENT


def _text(path: Path) -> str:
    """A path as the engine parses it: `spec.ports[0]`, `tags["kubernetes.io/role"]`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        elif re.fullmatch(r"\w+", part):
            text += f".{part}" if text else part
        else:
            text += f'["{part}"]'
    return text
