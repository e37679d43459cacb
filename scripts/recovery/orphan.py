"""Processes that a killed engine left on this machine: its own helpers, and servers that no state knows."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from scripts.recovery.lock import is_engine
from scripts.recovery.stack import PROJECT
from serving.runtime import launcher
from serving.runtime.process import ProcessRef
from serving.runtime.server import ServerHandle

__all__ = ["end_orphans", "orphans"]

PROC = Path("/proc")
LOCAL = PROJECT / ".rialto" / "local"
# .rialto/bin/pulumi sets it, and everything that the engine starts inherits it, detached or not.
MARK = f"PULUMI_HOME={PROJECT}/.rialto/pulumi".encode()
# Triton finishes the requests that it has within ten (serving/runtime/launcher.py).
TERM_SECONDS, KILL_SECONDS = 12, 5


def orphans(resources: Sequence[Mapping[str, Any]]) -> list[ProcessRef]:
    """What an engine of this clone once started, and neither a running engine nor `resources` answer for."""
    held = {(each.pid, each.started) for each in _stated(resources)}
    marked = [int(folder.name) for folder in PROC.glob("[0-9]*") if _marked(folder)]
    ours = set(_line(os.getpid()))
    free = [pid for pid in marked if pid not in ours and not any(_answers(each, held) for each in _line(pid))]
    return [ref for pid in free if (ref := ProcessRef.of(pid))]


def end_orphans(resources: Sequence[Mapping[str, Any]]) -> int:
    """End them, politely where they listen, with what servers leave behind; return how many there were."""
    ended = 0
    # A helper may start one more server before it ends itself.
    while found := orphans(resources):
        for each in found:
            each.end(signal.SIGTERM, TERM_SECONDS) or each.end(signal.SIGKILL, KILL_SECONDS)
        ended += len(found)
    held = {each.pid for each in _stated(resources)}
    for folder in LOCAL.glob("triton-*"):
        handle = ServerHandle.read(folder)
        if handle and handle.process.pid not in held:
            # Shared memory and stubs outlive a server that was killed.
            launcher.stop(handle)
            shutil.rmtree(folder, ignore_errors=True)
    return ended


def _stated(resources: Sequence[Mapping[str, Any]]) -> Iterator[ProcessRef]:
    """The processes that a state holds: every resource that is one has it under `process`."""
    for each in resources:
        note = each.get("outputs", {}).get("process")
        if isinstance(note, Mapping) and isinstance(note.get("process"), Mapping):
            yield ProcessRef(pid=int(note["process"]["pid"]), started=int(note["process"]["started"]))


def _marked(folder: Path) -> bool:
    try:
        return MARK in (folder / "environ").read_bytes().split(b"\0")
    except OSError:
        return False


def _answers(pid: int, held: set[tuple[int, int]]) -> bool:
    """Whether this process is a server that the state holds, or an engine that runs."""
    ref = ProcessRef.of(pid)
    return ref is not None and ((ref.pid, ref.started) in held or is_engine(pid))


def _line(pid: int) -> Iterator[int]:
    """A process and those that it descends from, as far as they still run."""
    while pid > 1:
        yield pid
        try:
            pid = int((PROC / str(pid) / "stat").read_text().rpartition(") ")[2].split()[1])
        except OSError:
            return
