"""A recipe that is trained again and again, with something left out each time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from model.progress import EpochReport

__all__ = ["Figures", "Plan", "Progress"]

Progress = Callable[[EpochReport], None]
Figures = Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The recipe with everything in it, and how long that takes."""

    recipe: str
    about: str
