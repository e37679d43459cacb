"""What processes take of this machine's memory."""

from __future__ import annotations

import re
from collections.abc import Iterable

from serving.runtime.process import PROC, ProcessRef

__all__ = ["pss_mib"]

PSS = re.compile(r"^Pss:\s+(\d+) kB", re.MULTILINE)
KIB_PER_MIB = 1024


def pss_mib(processes: Iterable[ProcessRef]) -> float:
    """Pss of all of them: pages that they share count once. OSError if one has ended."""
    kib = 0
    for process in processes:
        rollup = (PROC / str(process.pid) / "smaps_rollup").read_text()
        kib += int(PSS.search(rollup)[1])  # type: ignore[index]
    return kib / KIB_PER_MIB
