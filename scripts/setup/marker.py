"""Marks a folder as complete: written last and through a rename, removed before anything is changed."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path

__all__ = ["complete", "digest", "read", "remove", "replace_file", "write"]

NAME = "complete.json"


def complete(folder: Path, facts: Mapping[str, str]) -> bool:
    """Whether `folder` was finished from exactly these facts."""
    return read(folder) == dict(facts)


def read(folder: Path) -> dict[str, str]:
    """The facts that `folder` was finished from; empty if it never was."""
    try:
        found = json.loads((folder / NAME).read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def remove(folder: Path) -> None:
    """Say that `folder` is not complete, before it is changed."""
    (folder / NAME).unlink(missing_ok=True)


def write(folder: Path, facts: Mapping[str, str]) -> None:
    """Say that `folder` is complete, after its last change."""
    replace_file(folder / NAME, json.dumps(dict(facts), indent=2) + "\n")


def replace_file(path: Path, text: str, mode: int = 0o644) -> None:
    """Write a file so that readers see the old text or the new one and never a part; a failed write leaves nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        # Nobody who may not read the file reads it meanwhile.
        with os.fdopen(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        scratch.chmod(mode)
        scratch.replace(path)
    finally:
        scratch.unlink(missing_ok=True)


def digest(files: Iterable[Path]) -> str:
    """One SHA-256 over the names and the bytes of some files, in the order given."""
    total = sha256()
    for file in files:
        total.update(file.name.encode() + b"\0" + sha256(file.read_bytes()).digest())
    return total.hexdigest()
