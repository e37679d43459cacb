"""How far a training step is from what the machine's matrix multiplication can do, and where its time goes."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

import torch
from torch.profiler import ProfilerActivity, profile
from torch.utils.flop_counter import FlopCounterMode

from model.config import TrainConfig
from model.data import Prepared
from model.train import train
from scripts.benchmarks.race.ours import Stopwatch, TimeUpError

__all__ = ["Profile", "matmul_peak", "profiled"]

# Large enough to keep every core busy, small enough for a core's cache to feed it.
_SIDE = 1024
_REPEATS = 20
_OPERATIONS_A_MULTIPLY_ADD = 2
_SHOWN = 12


@dataclass(frozen=True, kw_only=True)
class Profile:
    """Of one step: seconds, floating-point operations in matrix multiplications; and the slowest operators."""

    seconds: float
    operations: float
    slowest: str


def matmul_peak() -> float:
    """Operations a second of the best of some `torch.mm` of fp32 squares, with as many threads as PyTorch has."""
    left, right = torch.randn(_SIDE, _SIDE), torch.randn(_SIDE, _SIDE)
    best = float("inf")
    for _ in range(_REPEATS):
        began = time.perf_counter()
        torch.mm(left, right)
        best = min(best, time.perf_counter() - began)
    return _OPERATIONS_A_MULTIPLY_ADD * _SIDE**3 / best


def profiled(prepared: Prepared, config: TrainConfig, steps: int, folder: Path) -> Profile:
    """The first steps of a run three times, the same batches each time: timed, counted, and watched by operator."""
    timed = _run(prepared, config, steps, folder / "timed")
    with FlopCounterMode(display=False) as counter:
        _run(prepared, config, steps, folder / "counted")
    with profile(activities=[ProfilerActivity.CPU]) as watched:
        _run(prepared, config, steps, folder / "watched")
    slowest = watched.key_averages().table(
        sort_by="self_cpu_time_total", row_limit=_SHOWN, max_name_column_width=50
    )
    return Profile(
        seconds=mean(timed.laps[1:]),
        operations=counter.get_total_flops() / steps,
        slowest=slowest,
    )


def _run(prepared: Prepared, config: TrainConfig, steps: int, folder: Path) -> Stopwatch:
    watch = Stopwatch(steps=steps)
    with suppress(TimeUpError):
        train(prepared, config, 0, folder, watch, exclude_seen=True)
    return watch
