"""One worker: `python -m scripts.benchmarks.peer graph|eager RELEASE FD` answers on an open socket."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import uvicorn

from scripts.benchmarks.peer.app import application
from scripts.benchmarks.peer.worker import KEEP_ALIVE_SECONDS, end_with_parent, recommender


def main(kind: str, release: Path, descriptor: int) -> None:
    """Serve until told to stop, or until the bench is gone."""
    end_with_parent()
    app = application(recommender(kind, release))
    config = uvicorn.Config(app, log_level="warning", access_log=False, timeout_keep_alive=KEEP_ALIVE_SECONDS)
    uvicorn.Server(config).run(sockets=[socket.socket(fileno=descriptor)])


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
