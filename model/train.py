"""Training: one process, or as many as `torchrun` starts, on CPU or CUDA."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import torch
import torch.distributed as dist
from rich.console import Console
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from model.architecture import Recommender
from model.checkpoint import Checkpoint
from model.config import TrainConfig
from model.data import Prepared, prepare
from model.evaluate import eager_ranker, ndcg
from model.inputs import ReleaseConfig, add_inputs, training_folder
from model.objective import SampledSoftmax
from model.progress import EpochReport, console_progress
from model.sequence import Batches, Histories, requests
from model.share import share
from model.tags import ItemTags, ItemTexts
from model.text.encoder import TextEncoder
from model.text.reading import Readings

__all__ = ["train"]

# No run has that many epochs or processes, so that no two draws share a seed.
_EPOCHS_APART = 10_007


def train(
    prepared: Prepared,
    config: TrainConfig,
    seed: int,
    out: Path,
    progress: Callable[[EpochReport], None] = lambda report: None,
    *,
    exclude_seen: bool = False,
    start: Recommender | None = None,
    texts: ItemTexts | None = None,
    objective: Callable[[Recommender], nn.Module] = SampledSoftmax,
) -> Recommender:
    """Train on the training part and return the epoch that ranks the watched validation requests best.

    `out` keeps one checkpoint; a second call with the same inputs goes on from it, so a kill costs at most the
    current epoch. Under `torchrun` every process takes its share of each batch and all return the same model; the
    checkpoint of the first machine counts, and the others get a copy. Training goes on from `start`, in place, or
    from chance; `texts` is what a recipe whose network has `text` reads of the items; `objective` gives the module
    whose loss falls.
    """
    run = _Run(prepared, config, seed, out, exclude_seen, start, texts, objective)
    while run.epoch < config.epochs:
        run.one_epoch(progress)
    return run.best()


class _Run:
    """One training run between its checkpoints."""

    def __init__(
        self,
        prepared: Prepared,
        config: TrainConfig,
        seed: int,
        out: Path,
        exclude_seen: bool,
        start: Recommender | None,
        texts: ItemTexts | None,
        objective: Callable[[Recommender], nn.Module],
    ) -> None:
        self.rank, self.ranks = _join()
        config.require_shares(self.ranks)
        self.config, self.seed = config, seed
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        torch.manual_seed(seed)
        model = start or Recommender(config.model, ItemTags.of(prepared, config.model.attributes, texts))
        self.model = model.to(self.device).train()
        loss = objective(self.model)
        self.objective: nn.Module = DistributedDataParallel(loss) if self.ranks > 1 else loss
        self.optimizer = _optimizer(self.model, config)
        events = prepared.events
        self.batches = Batches(Histories.of(events[events["part"] == "train"]), config)
        self.watched = requests(events, "validation", config.model.max_history)[: config.watched_requests]
        self.exclude_seen = exclude_seen
        self.checkpoint = Checkpoint(
            out, {"config": repr(config), "seed": seed, "data": prepared.fingerprint}
        )
        share(self.checkpoint.last)
        self.epoch, self.best_ndcg = self.checkpoint.resume(self.model, self.optimizer)
        self.steps = self.batches.steps()

    def one_epoch(self, progress: Callable[[EpochReport], None]) -> None:
        # Every draw follows from seed and epoch, so that a resumed run goes on as the killed one would have.
        draw = self.seed * _EPOCHS_APART + self.epoch
        torch.manual_seed(draw * _EPOCHS_APART + self.rank)
        generator = torch.Generator().manual_seed(draw)
        total = count = 0.0
        batches = self.batches.epoch(draw, self.rank, self.ranks)
        for step, batch in enumerate(batches, 1):
            self._schedule(self.epoch * self.steps + step)
            V, N = self.config.model.catalogue, self.config.negatives
            negatives_N = torch.randint(1, V + 1, (N,), generator=generator).to(self.device)
            with self._precision():
                loss, weight = self.objective(batch.to(self.device), negatives_N)
            everyones = _sum_over_ranks(torch.stack([loss.detach(), weight]))
            # Replicas average gradients; dividing by the weight of all makes that one big batch's gradient.
            (loss * self.ranks / everyones[1].clamp(min=1e-6)).backward()
            nn.utils.clip_grad_norm_(self.model.parameters(), self.config.clip_norm)
            self.optimizer.step()
            self.optimizer.zero_grad()
            total, count = total + float(everyones[0]), count + float(everyones[1])
            progress(self._report(step, total / max(count, 1), None))
        self._finish(total / max(count, 1), progress)

    def _finish(self, loss: float, progress: Callable[[EpochReport], None]) -> None:
        self.epoch += 1
        rank = eager_ranker(self.model)
        score = ndcg(rank, self.watched, self.exclude_seen) if self.watched else 0.0
        if self.rank == 0:
            better = score >= self.best_ndcg
            self.best_ndcg = max(score, self.best_ndcg)
            self.checkpoint.save(self.model, self.optimizer, self.epoch, self.best_ndcg, better)
        progress(self._report(self.steps, loss, score))
        if self.ranks > 1:
            dist.barrier()

    def best(self) -> Recommender:
        share(self.checkpoint.top)
        self.checkpoint.load_best(self.model)
        return self.model.eval()

    def _report(self, step: int, loss: float, score: float | None) -> EpochReport:
        epoch = self.epoch - 1 if score is not None else self.epoch
        return EpochReport(
            epoch=epoch + 1, epochs=self.config.epochs, step=step, steps=self.steps, loss=loss, ndcg=score
        )

    def _schedule(self, step: int) -> None:
        total = self.steps * self.config.epochs
        warmup = max(1, int(total * self.config.warmup_share))
        share = min(step / warmup, (total - step + 1) / max(1, total - warmup))
        for group in self.optimizer.param_groups:
            group["lr"] = self.config.learning_rate * share

    def _precision(self) -> torch.autocast | nullcontext[None]:
        if self.device.type == "cuda":
            return torch.autocast("cuda", torch.bfloat16)
        return nullcontext()


def _optimizer(model: nn.Module, config: TrainConfig) -> torch.optim.Optimizer:
    if config.optimizer == "sgd":
        return torch.optim.SGD(
            model.parameters(), config.learning_rate, momentum=0.9, weight_decay=config.weight_decay
        )
    return torch.optim.AdamW(
        model.parameters(), config.learning_rate, weight_decay=config.weight_decay, fused=True
    )


def _join() -> tuple[int, int]:
    """This process's rank and how many there are; joins the group that `torchrun` describes, if any."""
    if "RANK" not in os.environ:
        return 0, 1
    if not dist.is_initialized():
        dist.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
    if torch.cuda.is_available():
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    return dist.get_rank(), dist.get_world_size()


def _sum_over_ranks(values: Tensor) -> Tensor:
    if dist.is_initialized():
        dist.all_reduce(values)
    return values


def _texts(prepared: Prepared, config: TrainConfig, console: Console) -> ItemTexts | None:
    if not config.model.text:
        return None
    return Readings.of(TextEncoder.load(config.text_encoder), prepared.items, console.print).texts()


def main() -> None:
    """Train a recipe; the checkpoints wait in the cache for `python -m model.release` of the same inputs."""
    parser = argparse.ArgumentParser(prog="python -m model.train", description=main.__doc__)
    add_inputs(parser)
    config = ReleaseConfig(**vars(parser.parse_args()))
    try:
        prepared = prepare(config.data)
        tuned = config.train_config(len(prepared.items))
        console = Console(quiet=int(os.environ.get("RANK", "0")) > 0)
        with console_progress(console) as progress:
            train(
                prepared,
                tuned,
                config.seed,
                training_folder(config),
                progress,
                exclude_seen=config.exclude_seen,
                texts=_texts(prepared, tuned, console),
            )
    except (ValueError, OSError) as error:
        sys.exit(f"error: {error}")
    finally:
        if dist.is_initialized():
            dist.destroy_process_group()
    if int(os.environ.get("RANK", "0")) == 0:
        print(f"next: python -m model.release --recipe {config.recipe}, with the same source, path and seed")


if __name__ == "__main__":
    main()
