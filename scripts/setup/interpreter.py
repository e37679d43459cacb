"""The Python that set-up runs under, and that its environments are made from."""

from __future__ import annotations

import platform
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Self

__all__ = ["Interpreter"]


@dataclass(frozen=True)
class Interpreter:
    """A Python outside any virtual environment."""

    path: Path
    version: tuple[int, int]
    full_version: str

    @classmethod
    def current(cls) -> Self:
        """The running Python; inside a virtual environment, the one that the environment was made from."""
        return cls(Path(sys.executable).resolve(), sys.version_info[:2], platform.python_version())

    @property
    def identity(self) -> str:
        """What an environment must be rebuilt for when it changes."""
        return f"{self.path} {self.full_version}"
