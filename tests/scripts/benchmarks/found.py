"""Measurements made up by hand, for what is concluded from them."""

import numpy as np

from scripts.benchmarks.contest.plan import Plan
from scripts.benchmarks.contest.rounds import Found, Sweep
from scripts.benchmarks.load.window import Window

# Enough to see that everything is measured; the figures mean nothing.
MOMENT = Plan(
    rounds=1,
    levels=(1, 2),
    warmup_seconds=0.1,
    window_seconds=0.4,
    poisson_seconds=0.5,
    longest_poisson_seconds=0.5,
)


def window(throughput: float, p99: float, p50: float = 1.0, seconds: float = 10.0) -> Window:
    """One request in twenty is as slow as `p99`."""
    count = round(throughput * seconds)
    latencies = np.where(np.arange(count) % 20 == 0, p99, p50).astype(float)
    return Window(latencies_ms=latencies, late_ms=np.zeros(3), seconds=seconds, caller_seconds=0.1)


def sweep(**levels: tuple[float, float]) -> Sweep:
    """`at_4=(throughput, p99)`, and so on."""
    return Sweep({int(level.removeprefix("at_")): window(*values) for level, values in levels.items()})


def found(triton: float = 2000.0, eager: float = 450.0, one_caller_ms: float = 1.2) -> Found:
    """Three rounds; Triton with so much throughput, PyTorch with so much, Triton's p50 with one caller."""
    one = {"bare": 0.5, "triton": one_caller_ms, "graph": 1.0, "eager": 3.0}
    many = {"triton": triton, "graph": 1000.0, "eager": eager}
    result = Found(dict.fromkeys(one, 1.0), rate=270.0)
    for _ in range(3):
        for key, p50 in one.items():
            windows = {1: window(300, 5, p50)}
            if key in many:
                windows[16] = window(many[key], 20)
            result.sweeps[key].append(Sweep(windows))
        for windows in result.poisson.values():
            windows.append(window(270, 30, 2.0, seconds=13))
    return result
