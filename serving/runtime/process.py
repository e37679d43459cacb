"""Processes by identity: a number that the kernel has given to another program since is never signalled."""

from __future__ import annotations

import os
import select
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

__all__ = ["ProcessRef", "mentioning", "start_detached"]

PROC = Path("/proc")
# Fields after the program's name in /proc/<pid>/stat (proc_pid_stat(5)): state is the 3rd of all, the number of
# threads the 20th, start the 22nd.
STATE, THREADS, START = 0, 17, 19
DEAD = {"Z", "X"}
# Runs its arguments in the background and prints their process number. The shell ends at once, so what it started
# is a child of init and no starter has to stay and reap it.
DETACH = '"$@" </dev/null >>"$0" 2>&1 & echo $!'


@dataclass(frozen=True, kw_only=True)
class ProcessRef:
    """A process, told from a later one of the same number by when it started (clock ticks since boot)."""

    pid: int
    started: int

    @classmethod
    def of(cls, pid: int) -> Self | None:
        """The process that has this number now; None if there is none, or only its remains."""
        try:
            stat = (PROC / str(pid) / "stat").read_text()
        except (FileNotFoundError, ProcessLookupError):
            return None
        fields = stat.rpartition(") ")[2].split()
        # The first thread is dead at once; files and sockets are held until the last one is.
        ended = fields[STATE] in DEAD and int(fields[THREADS]) <= 1
        return None if ended else cls(pid=pid, started=int(fields[START]))

    def alive(self) -> bool:
        """Whether exactly this process runs."""
        return ProcessRef.of(self.pid) == self

    def end(self, how: signal.Signals, wait_seconds: float) -> bool:
        """Signal the process and wait for its end; True once it is gone."""
        with self._handle() as handle:
            if handle is None:
                return True
            signal.pidfd_send_signal(handle, how)
            ended, _, _ = select.select([handle], [], [], wait_seconds)
            return bool(ended)

    @contextmanager
    def _handle(self) -> Iterator[int | None]:
        """A file descriptor that keeps meaning this process; None if it has ended."""
        try:
            handle = os.pidfd_open(self.pid)
        except ProcessLookupError:
            yield None
            return
        try:
            # Checked after opening: from here on the number cannot pass to another process unnoticed.
            yield handle if self.alive() else None
        finally:
            os.close(handle)


def start_detached(
    command: Sequence[str | Path], *, log: Path, environment: Mapping[str, str], folder: Path | None = None
) -> ProcessRef | None:
    """Start a program that outlives the caller, in `folder`; None if it ended at once."""
    done = subprocess.run(
        ["/bin/sh", "-c", DETACH, log, *command],
        env=environment,
        cwd=folder,
        start_new_session=True,
        check=True,
        capture_output=True,
        text=True,
    )
    return ProcessRef.of(int(done.stdout))


def mentioning(word: str) -> list[ProcessRef]:
    """Every running process whose command line contains `word`."""
    return [
        found
        for folder in PROC.glob("[0-9]*")
        if word in _command_line(folder) and (found := ProcessRef.of(int(folder.name)))
    ]


def _command_line(folder: Path) -> str:
    try:
        return (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""
