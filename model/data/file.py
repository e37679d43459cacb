"""Files that people name: found, and with something in them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

__all__ = ["existing", "missing_columns"]


def existing(path: Path) -> Path:
    """`path` itself; ValueError if there is no such file or nothing in it."""
    if not path.is_file():
        raise ValueError(f"path is {str(path)!r}, which is not a file; give the path of an existing file")
    if path.stat().st_size == 0:
        raise ValueError(f"path is {str(path)!r}, an empty file; copy or download it again")
    return path


def missing_columns(path: Path, wanted: Iterable[str], present: Iterable[str]) -> None:
    """ValueError if a wanted column is not among those present."""
    there = list(present)
    absent = [name for name in wanted if name not in there]
    if absent:
        raise ValueError(
            f"{path} has no column {', '.join(absent)}; it has {', '.join(there)}: "
            "name one of these in the mapping, or correct the file"
        )
