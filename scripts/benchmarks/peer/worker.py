"""What every worker of a peer needs: a model, connections that may rest, and an end with the bench."""

from __future__ import annotations

import ctypes
import signal
from pathlib import Path

from scripts.benchmarks.peer.app import Recommend

__all__ = ["KEEP_ALIVE_SECONDS", "end_with_parent", "recommender"]

# https://man7.org/linux/man-pages/man2/prctl.2.html
PR_SET_PDEATHSIG = 1
# Under light load a caller's spare connections rest for long; uvicorn would close them after 5 seconds.
KEEP_ALIVE_SECONDS = 3600


def end_with_parent() -> None:
    """Have the kernel end this process when the bench is gone: one that is killed cannot stop anybody."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def recommender(kind: str, release: Path) -> Recommend:
    """The model of a release as `kind` runs it: "graph" or "eager"."""
    # Only what this kind needs: PyTorch takes seconds and half a gigabyte.
    if kind == "graph":
        from scripts.benchmarks.peer.graph import graph_recommender

        return graph_recommender(release)
    from scripts.benchmarks.peer.eager import eager_recommender

    return eager_recommender(release)
