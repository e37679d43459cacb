"""What a Triton says of the release that it serves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

__all__ = ["ServedRelease"]


@dataclass(frozen=True)
class ServedRelease:
    """Which release answers, how many items it knows and how many events it looks at."""

    digest: str
    catalogue: int
    max_history: int

    @classmethod
    def of(cls, parameters: Mapping[str, str]) -> Self:
        """What the parameters of a model's configuration say."""
        return cls(parameters["release"], int(parameters["catalogue"]), int(parameters["max_history"]))
