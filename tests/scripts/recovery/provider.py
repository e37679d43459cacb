"""A stand-in in a process of its own, which stops at a chosen change so that it can be killed there.

`python -m tests.scripts.recovery.provider PACKAGE LEDGER AT` prints its port, and a second line once it has stopped.
What it made is in the ledger, as it would be in the cloud, whoever is killed.
"""

import sys
import threading
from collections import deque
from pathlib import Path

from scripts.standins.provider import StandIn
from scripts.standins.server import serving


class Ledger(deque):
    """Writes each change down before it is answered; the change number `at` is made and never answered."""

    def __init__(self, file: Path, at: int) -> None:
        super().__init__()
        self._file, self._at, self._lock = file, at, threading.Lock()

    def append(self, call):
        with self._lock:
            super().append(call)
            with self._file.open("a") as file:
                file.write(f"{call.method} {call.urn}\n")
            if len(self) == self._at:
                print("stopped", flush=True)
                # The lock is held: nothing else is made either.
                threading.Event().wait()


if __name__ == "__main__":
    package, ledger, at = sys.argv[1:]
    with serving(StandIn(package, Ledger(Path(ledger), int(at)))) as port:
        print(port, flush=True)
        threading.Event().wait()
