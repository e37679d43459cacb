"""Training after the first: what a compressed network needs to find its feet again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from torch import nn

from model.architecture import Recommender
from model.blend import blend
from model.compress.distill import Distillation, student
from model.config import TrainConfig
from model.data import Prepared
from model.objective import SampledSoftmax
from model.progress import EpochReport
from model.sequence import requests
from model.tags import ItemTexts
from model.train import train

__all__ = ["Retraining"]

# A trained network is near its place: the full rate would throw it off. A quarter is a guess that nobody tuned.
_RECOVERY_RATE = 0.25
# Added to the seed. The first training's windows against the same random items, met in the same order once more, are
# learnt by heart: on completejourney NDCG@10 of an unpruned network fell from .206 to .142 on validation in one epoch,
# and rose to .208 with others.
_OTHER_DRAWS = 1000


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
        return self._trained(name, config, self.seed + _OTHER_DRAWS, start=pruned)

    def distil(self, teacher: Recommender) -> Recommender:
        """A smaller network that `teacher` has taught, trained for as long as the teacher was.

        The teacher's counted part has no say in it: the student gets its own afterwards, as the teacher did.
        """
        return self._student("student", teacher, lambda model: Distillation(model, teacher))

    def alone(self, teacher: Recommender) -> Recommender:
        """The same network without a teacher, trained in the same way: what distillation has to beat."""
        return self._student("student-alone", teacher, SampledSoftmax)

    def _student(
        self, name: str, teacher: Recommender, objective: Callable[[Recommender], nn.Module]
    ) -> Recommender:
        config = replace(self.config, model=student(teacher.config))
        texts = ItemTexts(teacher.texts_UW, teacher.text_V) if teacher.config.text else None
        trained = self._trained(name, config, self.seed, texts=texts, objective=objective)
        if config.model.neighbours:
            longest = config.model.max_history
            blend(
                trained,
                self.prepared,
                requests(self.prepared.events, "validation", longest),
                self.exclude_seen,
            )
        return trained

    def _trained(
        self,
        name: str,
        config: TrainConfig,
        seed: int,
        start: Recommender | None = None,
        texts: ItemTexts | None = None,
        objective: Callable[[Recommender], nn.Module] = SampledSoftmax,
    ) -> Recommender:
        return train(
            self.prepared,
            config,
            seed,
            self.folder / name,
            self.progress,
            exclude_seen=self.exclude_seen,
            start=start,
            texts=texts,
            objective=objective,
        )
