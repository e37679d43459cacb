"""Memory as the kernel counts it."""

from __future__ import annotations

from pathlib import Path

__all__ = ["mib", "own_memory"]

_STATUS = Path("/proc/self/status")
_KIB_PER_MIB = 1 << 10


def own_memory(key: str) -> float:
    """MiB of this process: VmRSS now, VmHWM at the peak; getrusage counts what was there before it was started, too."""
    return mib(_STATUS, key)


def mib(file: Path, key: str) -> float:
    """MiB that `file`, one of the kernel's with a line a figure, gives for `key`."""
    lines = dict(line.split(":", 1) for line in file.read_text().splitlines())
    return int(lines[key].split()[0]) / _KIB_PER_MIB
