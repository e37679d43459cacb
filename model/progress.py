"""Progress of a training run: a bar for a person, a line an epoch for a log."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

__all__ = ["EpochReport", "console_progress"]


@dataclass(frozen=True, kw_only=True)
class EpochReport:
    """Where training stands: `loss` is the mean over the epoch so far, `ndcg` None until an epoch ends."""

    epoch: int
    epochs: int
    step: int
    steps: int
    loss: float
    ndcg: float | None


@contextmanager
def console_progress(console: Console) -> Iterator[Callable[[EpochReport], None]]:
    """Yield what to hand to `train` as its `progress`."""
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("training", total=None, start=False, visible=False)

        def show(report: EpochReport) -> None:
            bar.start_task(task)
            bar.update(
                task,
                visible=True,
                description=f"epoch {report.epoch}/{report.epochs} loss {report.loss:.3f}",
                total=report.epochs * report.steps,
                completed=(report.epoch - 1) * report.steps + report.step,
            )
            if report.ndcg is not None:
                bar.console.print(
                    f"epoch {report.epoch}/{report.epochs}: loss {report.loss:.3f}, "
                    f"NDCG@10 {report.ndcg:.4f} on watched validation requests"
                )

        yield show
