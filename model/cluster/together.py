"""Training on many machines: Ray Train starts the processes that `torchrun` would, again if one of them dies."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import ray
import ray.train
from ray.train import Checkpoint, CheckpointConfig, FailureConfig, RunConfig, ScalingConfig
from ray.train.torch import TorchTrainer
from ray.util.queue import Empty, Queue
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from model.architecture import Recommender
from model.artifact import cache_folder
from model.cluster.joined import Cluster
from model.config import TrainConfig
from model.data import Prepared
from model.progress import EpochReport
from model.train import train

__all__ = ["Deaths", "train_together"]

# Each death of a worker counts; all then go on from the last whole epoch.
MAX_FAILURES = 3
# A minute each: machines that do not come back are not waited for all night.
MAX_STARTS = 10
LOOK_SECONDS = 0.2

Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class _Work:
    """What every worker gets: the data as an address in the cluster's memory, one copy on each machine."""

    prepared: ray.ObjectRef[Prepared]
    config: TrainConfig
    seed: int
    folder: str
    exclude_seen: bool
    news: Queue


class Deaths(ray.train.UserCallback):
    """Tells whoever waits that a worker has died; Ray's controller calls it."""

    def __init__(self, news: Queue) -> None:
        self.news = news

    def after_exception(self, run_context: object, worker_exceptions: dict[int, Exception]) -> None:
        """Name the workers that are gone."""
        ranks = ", ".join(map(str, sorted(worker_exceptions)))
        self.news.put(f"worker {ranks} failed; all go on from the last whole epoch")


def train_together(
    cluster: Cluster,
    prepared: Prepared,
    config: TrainConfig,
    seed: int,
    out: Path,
    storage: str = "",
    progress: Callable[[EpochReport], None] = lambda report: None,
    say: Say = lambda line: None,
    *,
    exclude_seen: bool = False,
) -> Recommender:
    """Run `train` on the workers of `cluster`; `out` then holds, here, what `train` alone would have left in it.

    `storage` is a folder or an s3:// address that every machine reaches and that outlives them: a worker's
    checkpoints go there after each epoch. One machine needs none. Raises ValueError for what cannot be run, and
    when workers keep dying.
    """
    config.require_shares(cluster.workers)
    if cluster.machines > 1 and not storage:
        raise ValueError(
            f"--storage is empty, but the cluster has {cluster.machines} machines; "
            "name a folder or an s3:// address that all of them reach"
        )
    here = ray.get_runtime_context().get_node_id()
    beside_us = {"num_cpus": 0, "scheduling_strategy": NodeAffinitySchedulingStrategy(here, soft=False)}
    news = Queue(actor_options=beside_us)
    work = _Work(
        prepared=ray.put(prepared),
        config=config,
        seed=seed,
        folder=out.name,
        exclude_seen=exclude_seen,
        news=news,
    )
    name = f"{out.name}-ray"
    trainer = TorchTrainer(
        _work,
        train_loop_config={"work": work},
        scaling_config=ScalingConfig(num_workers=cluster.workers, use_gpu=cluster.resource == "GPU"),
        run_config=RunConfig(
            name=name,
            storage_path=storage or str(out.parent.resolve()),
            checkpoint_config=CheckpointConfig(num_to_keep=1),
            # mypy reads the classes of Ray's old interface, which go by the same names.
            failure_config=FailureConfig(
                max_failures=MAX_FAILURES,
                controller_failure_limit=MAX_STARTS,  # type: ignore[call-arg]
            ),
            callbacks=[Deaths(news)],  # type: ignore[list-item]
        ),
    )
    result = _watched(trainer, news, progress, say)
    assert result.checkpoint is not None
    with result.checkpoint.as_directory() as folder:
        _fetch(Path(folder), out)
    if not storage:
        shutil.rmtree(out.parent / name)
    return train(prepared, config, seed, out, exclude_seen=exclude_seen)


def _work(given: dict[str, _Work]) -> None:
    """One worker's part; its machine keeps the checkpoints of `train` where this user's runs there have them."""
    work = given["work"]
    context = ray.train.get_context()
    # What torchrun calls a machine's number (model/share.py).
    os.environ["GROUP_RANK"] = str(context.get_node_rank())
    first = context.get_world_rank() == 0
    out = cache_folder() / "training" / work.folder
    if first and (kept := ray.train.get_checkpoint()):
        kept.to_directory(out)

    def keep(figures: dict[str, Any]) -> None:
        ray.train.report(figures, checkpoint=Checkpoint.from_directory(out) if first else None)

    def progress(report: EpochReport) -> None:
        if first:
            work.news.put(report)
        if report.ndcg is not None:
            keep(asdict(report))

    train(ray.get(work.prepared), work.config, work.seed, out, progress, exclude_seen=work.exclude_seen)
    # A run that was whole already has reported no epoch.
    keep({})


def _watched(
    trainer: TorchTrainer, news: Queue, progress: Callable[[EpochReport], None], say: Say
) -> ray.train.Result:
    """Hand on what the workers say until they are done."""
    # In a thread of its own: in the main one, Ray would keep Ctrl-C for itself.
    pool = ThreadPoolExecutor(1)
    run = pool.submit(trainer.fit)
    try:
        while not run.done() or not news.empty():
            try:
                told = news.get(timeout=LOOK_SECONDS)
            except Empty:
                continue
            say(told) if isinstance(told, str) else progress(told)
        return _result(run)
    finally:
        pool.shutdown(wait=False)
        news.shutdown()


def _result(run: Future[ray.train.Result]) -> ray.train.Result:
    try:
        return run.result()
    except ray.train.WorkerGroupError as error:
        rank, why = next(iter(error.worker_failures.items()))
        reason = (str(why).strip().splitlines() or [type(why).__name__])[-1]
        raise ValueError(
            f"workers failed {MAX_FAILURES + 1} times, worker {rank} last with: {reason}; "
            "the same command goes on from the last whole epoch"
        ) from error
    except ray.train.ControllerError as error:
        raise ValueError(
            f"the workers could not be started: {str(error.controller_failure).splitlines()[0]}; "
            "the same command goes on from the last whole epoch"
        ) from error


def _fetch(folder: Path, out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    for file in folder.glob("*.safetensors"):
        aside = out / f"{file.stem}.partial"
        shutil.copyfile(file, aside)
        aside.replace(out / file.name)
