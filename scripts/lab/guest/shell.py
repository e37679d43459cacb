"""Commands of the laboratory, in the network namespace that they belong to."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

__all__ = ["LabError", "inside", "run", "say", "tries", "wait_until"]

PROGRESS = Path("/mnt/progress.log")
# A process costs an emulated processor much.
POLL_SECONDS = 0.5


class LabError(RuntimeError):
    """The laboratory itself failed, or a state that it waited for never came."""


def say(line: str) -> None:
    """Tell whoever waits for the machine."""
    busy = sum(int(each) for each in Path("/proc/stat").read_text().split()[1:4]) / os.sysconf("SC_CLK_TCK")
    with PROGRESS.open("a") as progress:
        progress.write(f"[{time.monotonic():7.1f} s, busy {busy:.0f} s] {line}\n")


def run(*command: str, given: str = "") -> str:
    """What a command printed; LabError with its words if it failed."""
    done = subprocess.run(command, input=given, capture_output=True, text=True, check=False)
    if done.returncode:
        raise LabError(f"{' '.join(command)}: {(done.stderr or done.stdout).strip()}")
    return done.stdout


def tries(*command: str) -> bool:
    """Whether a command succeeds."""
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def inside(namespace: str, *command: str, given: str = "") -> str:
    """The same in a network namespace."""
    return run("ip", "netns", "exec", namespace, *command, given=given)


def wait_until(state: Callable[[], bool], seconds: float, what: str, every: float = POLL_SECONDS) -> float:
    """Wait for a state, and say how long that took; LabError names what never came."""
    start = time.monotonic()
    while not state():
        if time.monotonic() - start > seconds:
            raise LabError(f"{what}: not within {seconds:.0f} s")
        time.sleep(every)
    return time.monotonic() - start
