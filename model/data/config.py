"""Which data a run reads, and what of it stays out of training."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["HOLDOUTS", "DataConfig"]

HOLDOUTS = ("basket", "item")


@dataclass(frozen=True, kw_only=True)
class DataConfig:
    """A choice of data.

    `source` is a name in `model.data.source.SOURCES`; `path` is the file it reads, empty only for
    completejourney; `holdout` is what of each user is kept out, twice: for validation, then for test.
    """

    source: str = "completejourney"
    path: str = ""
    holdout: str = "basket"

    def __post_init__(self) -> None:
        if self.holdout not in HOLDOUTS:
            raise ValueError(f"holdout is {self.holdout!r}; choose one of {', '.join(HOLDOUTS)}")
