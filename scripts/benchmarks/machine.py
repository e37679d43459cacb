"""What a benchmark ran on: figures without it cannot be compared."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from model.memory import mib

__all__ = ["available_memory", "cores", "describe"]

CPUINFO = Path("/proc/cpuinfo")
MEMINFO = Path("/proc/meminfo")
BYTES_PER_GIB = 1 << 30


def describe(packages: Sequence[str]) -> dict[str, Any]:
    """Processor, cores, memory, system, how busy it was before, and the versions of `packages`."""
    return {
        "cpu": _cpu(),
        "cores": cores(),
        "memory-gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / BYTES_PER_GIB, 1),
        "system": platform.platform(),
        "load-before": round(os.getloadavg()[0], 2),
        "versions": {"python": platform.python_version(), **{name: version(name) for name in packages}},
    }


def cores() -> list[int]:
    """The cores that this process may use."""
    return sorted(os.sched_getaffinity(0))


def available_memory() -> float:
    """MiB that a process can take before the machine swaps: what is free and what is only cache."""
    return mib(MEMINFO, "MemAvailable")


def _cpu() -> str:
    """The processor's name and, since clouds hide it behind one word, its family and model numbers."""
    facts: dict[str, str] = {}
    for line in CPUINFO.read_text().partition("\n\n")[0].splitlines():
        key, _, value = line.partition(":")
        facts[key.strip()] = value.strip()
    name = facts.get("model name", platform.machine())
    if "cpu family" not in facts:
        return name
    return f"{name} (family {facts['cpu family']}, model {facts['model']})"
