"""One worker: `python -m scripts.benchmarks.peer graph|eager RELEASE FD` answers on an open socket."""

from __future__ import annotations

import ctypes
import signal
import socket
import sys
from pathlib import Path

import uvicorn

from scripts.benchmarks.peer.app import Recommend, application

# https://man7.org/linux/man-pages/man2/prctl.2.html
PR_SET_PDEATHSIG = 1
# Under light load a caller's spare connections rest for long; uvicorn would close them after 5 seconds.
KEEP_ALIVE_SECONDS = 3600


def main(kind: str, release: Path, descriptor: int) -> None:
    """Serve until told to stop, or until the bench is gone."""
    # A bench that is killed cannot stop anybody.
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    app = application(_recommender(kind, release))
    config = uvicorn.Config(app, log_level="warning", access_log=False, timeout_keep_alive=KEEP_ALIVE_SECONDS)
    uvicorn.Server(config).run(sockets=[socket.socket(fileno=descriptor)])


def _recommender(kind: str, release: Path) -> Recommend:
    # Only what this kind needs: PyTorch takes seconds and half a gigabyte.
    if kind == "graph":
        from scripts.benchmarks.peer.graph import graph_recommender

        return graph_recommender(release)
    from scripts.benchmarks.peer.eager import eager_recommender

    return eager_recommender(release)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
