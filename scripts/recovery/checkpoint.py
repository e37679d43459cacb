"""A state in a folder whose last write was cut short, by a kill or a full disk, and the engine's copy beside it."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

from scripts.recovery.lock import is_engine
from scripts.recovery.stack import PROJECT, Stack

__all__ = ["mend"]


def mend(stack: Stack) -> bool:
    """Put the state as it was before the cut write in its place; True if one was cut.

    That loses nothing: the engine writes down what it is going to do before it asks a provider for it. Only for
    states in folders: object stores take a write whole or not at all.
    """
    store = _folder(stack)
    if store is None or _engine_at_work(store):
        return False
    # Metadata of the library that writes the files; without it a file is read as it is.
    cut = [file for file in store.rglob("*.attrs") if _read(file) is None]
    for file in cut:
        file.unlink()
    states = [file for file in (store / "stacks").rglob(f"{stack.name}.json") if _read(file) is None]
    for file in states:
        copy = file.with_name(f"{file.name}.bak")
        if _read(copy) is not None:
            shutil.copy2(copy, file)
    return bool(cut or states)


def _folder(stack: Stack) -> Path | None:
    variables = os.environ if stack.variables is None else stack.variables
    url = variables.get("PULUMI_BACKEND_URL") or f"file://{PROJECT}/.rialto/state"
    scheme, _, path = url.partition("://")
    return Path(path.partition("?")[0]).expanduser() / ".pulumi" if scheme == "file" else None


def _engine_at_work(store: Path) -> bool:
    locks = [_read(file) for file in (store / "locks").rglob("*.json")]
    return any(is_engine(int(lock["pid"])) for lock in locks if isinstance(lock, dict) and "pid" in lock)


def _read(file: Path) -> Any:  # noqa: ANN401 - any JSON
    """What the file holds; None where that is no whole JSON."""
    try:
        return json.loads(file.read_text())
    except (OSError, ValueError):
        return None
