"""Our trainer for so many seconds, watched from outside: its progress tells when steps and looks end."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from torch import Tensor, nn

from model.architecture import Recommender
from model.blend import blend
from model.checkpoint import Checkpoint
from model.config import TrainConfig
from model.data import Prepared
from model.evaluate import CUTOFF, eager_ranker
from model.objective import SampledSoftmax
from model.progress import EpochReport
from model.sequence import Batch, requests
from model.tags import ItemTags
from model.train import train
from scripts.benchmarks.race.course import Course, judged

__all__ = ["Stopwatch", "TimeUpError", "race"]


class TimeUpError(Exception):
    """The seconds are over."""


class _Counting(nn.Module):
    """The loss as it is; adds up the positions that it is computed for."""

    def __init__(self, model: Recommender, count: Callable[[int], None]) -> None:
        super().__init__()
        self.loss = SampledSoftmax(model)
        self.count = count

    def forward(self, batch: Batch, negatives_N: Tensor) -> tuple[Tensor, Tensor]:
        self.count(int((batch.positives_BQP != 0).sum()))
        loss: tuple[Tensor, Tensor] = self.loss(batch, negatives_N)
        return loss


@dataclass
class Stopwatch:
    """Ends a training run after `seconds`, or after `steps`; tells time in steps from looks at validation.

    `laps` are the steps' seconds; the first one holds what a run sets up before it.
    """

    seconds: float = float("inf")
    steps: float = float("inf")
    heard: Callable[[EpochReport], None] = lambda report: None
    positions: int = 0
    epochs: int = 0
    laps: list[float] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)
    last: float = field(default_factory=time.monotonic)

    def count(self, positions: int) -> None:
        """Hear of a batch."""
        self.positions += positions

    def __call__(self, report: EpochReport) -> None:
        """Hear of a step, or of an epoch's end; TimeUpError when it is enough."""
        before, self.last = self.last, time.monotonic()
        self.heard(report)
        if report.ndcg is None:
            self.laps.append(self.last - before)
            self.epochs = report.epoch
        if self.last - self.began >= self.seconds or len(self.laps) >= self.steps:
            raise TimeUpError


def race(
    prepared: Prepared,
    config: TrainConfig,
    seed: int,
    seconds: float,
    folder: Path,
    heard: Callable[[EpochReport], None] = lambda report: None,
) -> tuple[Course, float]:
    """What `model.train` reaches in that time, or earlier where the recipe ends; and NDCG@10 with its votes blended in.

    The best whole epoch counts. ValueError where there was none.
    """
    watch, processor = Stopwatch(seconds=seconds, heard=heard), time.process_time()
    try:
        model = train(
            prepared,
            config,
            seed,
            folder,
            watch,
            exclude_seen=True,
            objective=lambda model: _Counting(model, watch.count),
        )
    except TimeUpError:
        model = Recommender(config.model, ItemTags.of(prepared, config.model.attributes)).eval()
        best = Checkpoint(folder, {})
        if not best.top.is_file():
            raise ValueError(
                f"{seconds:.0f} s are too few for one epoch of {prepared.report.read:,} events here; give more minutes"
            ) from None
        best.load_best(model)
    processor = time.process_time() - processor
    test = requests(prepared.events, "test", config.model.max_history)
    rank = eager_ranker(model)
    ndcg, hr = judged(rank(test, CUTOFF, True), test)
    blend(model, prepared, requests(prepared.events, "validation", config.model.max_history), True)
    with_votes, _ = judged(eager_ranker(model)(test, CUTOFF, True), test)
    course = Course(
        positions=watch.positions,
        stepping_seconds=sum(watch.laps),
        seconds=watch.last - watch.began,
        processor_seconds=processor,
        epochs=watch.epochs,
        ndcg=ndcg,
        hr=hr,
    )
    return course, with_votes
