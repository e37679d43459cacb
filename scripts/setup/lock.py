"""Keeps two set-ups from writing the same folder at the same time."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["exclusive"]


@contextmanager
def exclusive(path: Path, say: Callable[[str], None]) -> Iterator[int]:
    """Hold the lock file at `path`, waiting for its holder if there is one; yields its file descriptor.

    The system frees the lock when the last process that has the descriptor ends, also after a SIGKILL.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            say(f"[set-up] waiting for another set-up (process {file.read().strip() or 'unknown'}) to finish")
            fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        file.truncate()
        file.write(str(os.getpid()))
        file.flush()
        yield file.fileno()
