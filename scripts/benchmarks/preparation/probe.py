"""Prepares one file in a process of its own; `python -m scripts.benchmarks.preparation.probe`."""

from __future__ import annotations

import json
import sys
import time

from model.data import DataConfig, prepare
from model.memory import own_memory

__all__: list[str] = []

if __name__ == "__main__":
    started = time.perf_counter()
    kept = prepare(DataConfig(source="rees46", path=sys.argv[1])).report.kept
    seconds = time.perf_counter() - started
    print(json.dumps({"seconds": seconds, "peak": own_memory("VmHWM"), "kept": kept}))
