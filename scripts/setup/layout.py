"""Where set-up reads and writes: this clone, and the cache that all clones of one person share."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from model.artifact import cache_folder

__all__ = ["Layout"]


@dataclass(frozen=True)
class Layout:
    """The folders of one set-up; `root` is the clone."""

    root: Path
    cache: Path

    @classmethod
    def here(cls) -> Self:
        """The folders of the clone that this file is in."""
        return cls(Path(__file__).resolve().parents[2], cache_folder().absolute())

    @property
    def machine(self) -> Path:
        """Everything of this clone that a machine made; ignored by git."""
        return self.root / ".rialto"

    @property
    def log(self) -> Path:
        """What the commands of the newest set-up printed."""
        return self.machine / "logs" / "setup.log"

    @property
    def pins(self) -> Path:
        """The locks of set-up's own tools."""
        return self.root / "scripts" / "setup" / "locks"

    @property
    def builds(self) -> Path:
        """The Go modules that programs are built from where their releases are out of reach."""
        return self.root / "scripts" / "setup" / "builds"

    def module_files(self, name: str) -> list[Path]:
        """The files of Go module `name` that say what is built: go.mod and go.sum."""
        return sorted((self.builds / name).glob("go.*"))

    def environment(self, name: str) -> Path:
        """The virtual environment `name`: uv, project or triton."""
        return self.machine / "environments" / name
