"""A process that hangs: stopped in the middle of whatever it does, and let go again."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

STOPPED_SECONDS = 30


@contextmanager
def stopped(pid: int) -> Iterator[None]:
    """While this lasts no thread of the process runs: a signal alone leaves them some moments in which to answer."""
    os.kill(pid, signal.SIGSTOP)
    try:
        give_up = time.monotonic() + STOPPED_SECONDS
        while not _stopped(pid):
            assert time.monotonic() < give_up, f"process {pid} did not stop"
            time.sleep(0.01)
        yield
    finally:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


def _stopped(pid: int) -> bool:
    threads = Path(f"/proc/{pid}/task").glob("*/stat")
    return all(thread.read_text().rpartition(") ")[2].startswith("T") for thread in threads)
