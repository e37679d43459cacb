"""Starts and stops the workers of a peer server, each a process with one thread and a port of its own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Literal

from serving.failure import ServerError
from serving.runtime.port import LOOPBACK

__all__ = ["Kind", "Worker", "workers"]

Kind = Literal["graph", "eager"]

PROJECT = Path(__file__).parents[3]
# PyTorch alone takes ten seconds to import on a busy machine.
START_TIMEOUT_SECONDS = 60.0
STOP_SECONDS = 5.0
POLL_SECONDS = 0.1


class Worker:
    """One process of a peer server; it answers on `port` once `wait` has returned."""

    def __init__(self, program: Sequence[str | Path], log: Path) -> None:
        """Start the module and arguments of `program`, which get the socket's number behind them."""
        self.log = log
        with socket.socket() as bound, log.open("w") as output:
            # The port is taken from here on and refuses callers until the worker listens.
            bound.bind((LOOPBACK, 0))
            self.port: int = bound.getsockname()[1]
            self._process = subprocess.Popen(
                [sys.executable, "-m", *program, str(bound.fileno())],
                cwd=PROJECT,
                env={**os.environ, "OMP_NUM_THREADS": "1"},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                pass_fds=[bound.fileno()],
                # Ctrl-C is for the bench, which then stops this process in its turn.
                start_new_session=True,
            )

    def wait(self) -> None:
        """Wait until the worker answers; ServerError if it ended or does not come up."""
        deadline = time.monotonic() + START_TIMEOUT_SECONDS
        while not _listens(self.port):
            if self._process.poll() is not None:
                lines = [line for line in self.log.read_text(errors="replace").splitlines() if line.strip()]
                raise ServerError(
                    f"a server to compare with ended: {(lines or ['it said nothing'])[-1]}; see {self.log}"
                )
            if time.monotonic() > deadline:
                raise ServerError(
                    f"a server to compare with is not up after {START_TIMEOUT_SECONDS:.0f} s; see {self.log}"
                )
            time.sleep(POLL_SECONDS)

    def stop(self) -> None:
        """End the process."""
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


@contextmanager
def workers(kind: Kind, release: Path, count: int, folder: Path) -> Iterator[Sequence[Worker]]:
    """Start `count` workers, which write to logs in `folder` and end with the block; `wait` for each."""
    with ExitStack() as stack:
        started = []
        for number in range(1, count + 1):
            program: list[str | Path] = [f"{__package__}", kind, release]
            started.append(Worker(program, folder / f"{kind}-{number}.log"))
            stack.callback(started[-1].stop)
        yield started


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((LOOPBACK, port)) == 0
