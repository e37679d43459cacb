"""Training after the first: what a compressed network needs to find its feet again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from model.architecture import Recommender
from model.config import TrainConfig
from model.data import Prepared
from model.progress import EpochReport
from model.train import train

__all__ = ["Retraining"]

# A trained network is near its place: the full rate would throw it off. A quarter is a guess that nobody tuned.
_RECOVERY_RATE = 0.25


@dataclass(frozen=True, kw_only=True)
class Retraining:
    """The data and the recipe that a release was trained with, once more.

    `folder` keeps the checkpoints, so that a killed run goes on and a finished one is not trained again.
    """

    prepared: Prepared
    config: TrainConfig
    seed: int
    exclude_seen: bool
    folder: Path
    progress: Callable[[EpochReport], None] = lambda report: None

    def recover(self, name: str, pruned: Recommender) -> Recommender:
        """Train `pruned`, in place, for as long as the recipe says; masks stay where they are."""
        config = replace(
            self.config,
            model=pruned.config,
            epochs=self.config.recovery_epochs,
            learning_rate=_RECOVERY_RATE * self.config.learning_rate,
        )
        if not config.epochs:
            return pruned
        return train(
            self.prepared,
            config,
            self.seed,
            self.folder / name,
            self.progress,
            exclude_seen=self.exclude_seen,
            start=pruned,
        )
