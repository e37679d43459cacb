"""What the gateway resource does to its process: starts it and waits for its answer, ends it."""

from __future__ import annotations

import http.client
import os
import signal
import sys
import time
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

from infra.local.folder import PROJECT
from serving.failure import ServerError
from serving.runtime.note import ProcessNote
from serving.runtime.port import LOOPBACK, wait_until_free
from serving.runtime.process import start_detached

__all__ = ["remove", "running", "start"]

Props = dict[str, Any]

# It reads the release's tables and, the first time, brings in every recorded history.
START_SECONDS = 180
POLL_SECONDS = 0.1
ANSWER_SECONDS = 5
# It finishes what it is at within five (serving/gateway/__main__.py).
DRAIN_SECONDS = 8
KILL_SECONDS = 5


def running(props: Props) -> ProcessNote | None:
    """The process of this gateway, if one runs."""
    return next((note for note in _notes(props) if note.alive()), None)


def start(props: Props) -> Props:
    """Start the gateway, and return what the state should hold; one that a killed update left is ended first."""
    _end(props)
    folder = _folder(props)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    log = folder / "gateway.log"
    process = start_detached(_command(props, folder), log=log, environment=dict(os.environ), folder=PROJECT)
    if process is None:
        raise ServerError(f"the gateway ended at once; see {log}")
    note = ProcessNote(process=process, ports={"port": props["port"]})
    note.write(folder)
    try:
        _wait_until_ready(note, log)
    except BaseException:
        _end(props)
        raise
    return {**props, "process": asdict(note), "health": "ready"}


def remove(props: Props) -> None:
    """End the gateway. What it knows of users and has recorded of its decisions stays."""
    _end(props)


def _command(props: Props, folder: Path) -> list[str | Path]:
    return [
        sys.executable,
        "-m",
        "serving.gateway",
        f"--port={props['port']}",
        f"--triton={LOOPBACK}:{props['inside_port']}",
        "--release=store",
        f"--state={folder}",
        "--local",
    ]


def _wait_until_ready(note: ProcessNote, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not _ready(note.ports["port"]):
        if not note.alive():
            raise ServerError(f"the gateway ended while starting: {_last_line(log)}; see {log}")
        if time.monotonic() > deadline:
            raise ServerError(f"the gateway did not answer within {START_SECONDS} s; see {log}")
        time.sleep(POLL_SECONDS)


def _ready(port: int) -> bool:
    with closing(http.client.HTTPConnection(LOOPBACK, port, timeout=ANSWER_SECONDS)) as connection:
        try:
            connection.request("GET", "/healthz")
            return connection.getresponse().status == http.HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False


def _last_line(log: Path) -> str:
    lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
    return (lines or ["it printed nothing"])[-1]


def _end(props: Props) -> None:
    for note in _notes(props):
        if not note.process.end(signal.SIGTERM, DRAIN_SECONDS):
            note.process.end(signal.SIGKILL, KILL_SECONDS)
        wait_until_free(note.ports, KILL_SECONDS)


def _folder(props: Props) -> Path:
    return PROJECT / str(props["folder"]) / "gateway"


def _notes(props: Props) -> list[ProcessNote]:
    """Every start that may still run: the one noted in its folder, then the one in the state."""
    noted, stated = ProcessNote.read(_folder(props)), props.get("process")
    return [note for note in (noted, ProcessNote.of(stated) if stated else None) if note]
