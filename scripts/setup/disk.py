"""Checks that there is room before gigabytes are written."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

from scripts.setup.failure import SetupError

__all__ = ["require_space"]

GIGABYTE = 10**9


def require_space(folders: Iterable[Path], needed_gb: float, what: str) -> None:
    """Raise SetupError if the disk of one of `folders`, which need not exist yet, has less free."""
    for folder in folders:
        existing = next(place for place in (folder, *folder.parents) if place.exists())
        free_gb = shutil.disk_usage(existing).free / GIGABYTE
        if free_gb < needed_gb:
            raise SetupError(
                f"no disk space: {what} needs about {needed_gb:.1f} GB and {existing} has {free_gb:.1f} GB "
                "free; free some, or set RIALTO_CACHE and UV_CACHE_DIR to folders on a larger disk"
            )
