"""Prepares one file in a process of its own; `python -m scripts.benchmarks.preparation.probe`."""

from __future__ import annotations

import json
import resource
import sys
import time

from model.data import DataConfig, prepare

__all__: list[str] = []

_KIB_PER_MIB = 1024

if __name__ == "__main__":
    started = time.perf_counter()
    kept = prepare(DataConfig(source="rees46", path=sys.argv[1])).report.kept
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _KIB_PER_MIB
    print(json.dumps({"seconds": seconds, "peak": peak, "kept": kept}))
