"""An `up` of the local stack to which something happens at a chosen point, and what is left of it."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from serving.runtime.process import PROC, ProcessRef
from serving.runtime.server import ServerHandle
from tests.infra.clone import Clone
from tests.stopping import stopped

POLL_SECONDS = 0.005
KILL_SECONDS = 5

# The process whose being there is the point; None before it.
Point = Callable[[Clone], int | None]


def training(clone: Clone) -> int | None:
    """Who trains the release, once there is an epoch to go on from."""
    begun = list((clone.cache / "training").glob("*/last.safetensors"))
    return _running(clone, "python", "model.release") if begun else None


def triton(clone: Clone) -> int | None:
    """The first Triton; it is not noted anywhere yet, or has just been."""
    return _running(clone, "tritonserver", f"triton-{clone.ports[0]}/models")


def noted_triton(clone: Clone) -> int | None:
    """The first Triton, once its folder tells of it: whoever started it waits for its answer."""
    handle = ServerHandle.read(clone.local / f"triton-{clone.ports[0]}")
    return handle.process.pid if handle else None


def edge(clone: Clone) -> int | None:
    """Envoy; not the one before it, which only looks at the configuration."""
    return _running(clone, "envoy", "--disable-hot-restart")


def gateway(clone: Clone) -> int | None:
    return _running(clone, "python", "serving.gateway")


def interrupted(
    clone: Clone, point: Point, then: Callable[[subprocess.Popen], object]
) -> tuple[subprocess.CompletedProcess, int]:
    """Run an `up` and do something to it at a point; return what it said, and the process that marked the point.

    That process gets no further before it is done.
    """
    with clone.start_up() as update:
        while (pid := point(clone)) is None:
            assert update.poll() is None, f"the update never came so far: {clone.said.read_text()}"
            time.sleep(POLL_SECONDS)
        with stopped(pid):
            then(update)
    return subprocess.CompletedProcess(update.args, update.returncode, clone.said.read_text()), pid


def kill_engine(update: subprocess.Popen) -> None:
    """SIGKILL for the engine's process group; its helpers have groups of their own and go on."""
    os.killpg(update.pid, signal.SIGKILL)


def kill_all(update: subprocess.Popen) -> None:
    """SIGKILL for the engine and all that descends from it, as where a whole container is ended."""
    os.kill(update.pid, signal.SIGSTOP)
    for each in (update.pid, *_descendants(update.pid)):
        if process := ProcessRef.of(each):
            process.end(signal.SIGKILL, KILL_SECONDS)


def kill_provider(update: subprocess.Popen) -> None:
    """SIGKILL for the process in which the dynamic resources are made."""
    (provider,) = [
        pid for pid in _descendants(update.pid) if _line(pid).startswith("python3 -u -m pulumi.dynamic")
    ]
    os.kill(provider, signal.SIGKILL)


def strangers(clone: Clone) -> dict[int, str]:
    """What runs out of this clone, by its command line: no server that the state holds, and no child of one."""
    notes = [each.get("outputs", {}).get("process") for each in clone.deployment()["resources"]]
    held = {int(note["process"]["pid"]) for note in notes if note}
    return {pid: _line(pid) for pid in _processes(clone) if not held & {pid, _parent(pid)}}


def _running(clone: Clone, program: str, word: str) -> int | None:
    # Between fork and exec a process has the name of the shell that starts it, and the words already.
    found = [pid for pid in _processes(clone) if word in _line(pid) and _name(pid).startswith(program)]
    return found[0] if found else None


def _processes(clone: Clone) -> list[int]:
    """All that the engine of this clone started, itself or through others; they inherit what it sets."""
    mark = f"PULUMI_HOME={clone.folder}/.rialto/pulumi"
    folders = [folder for folder in PROC.glob("[0-9]*") if mark in _text(folder / "environ").split("\0")]
    return [int(folder.name) for folder in folders if ProcessRef.of(int(folder.name))]


def _descendants(pid: int) -> list[int]:
    children = [
        int(child) for each in (PROC / str(pid) / "task").glob("*/children") for child in _text(each).split()
    ]
    return [*children, *(below for child in children for below in _descendants(child))]


def _parent(pid: int) -> int:
    return int((_text(PROC / str(pid) / "stat").rpartition(") ")[2].split() or [0, 0])[1])


def _name(pid: int) -> str:
    return _text(PROC / str(pid) / "comm")


def _line(pid: int) -> str:
    return _text(PROC / str(pid) / "cmdline").replace("\0", " ")


def _text(file: Path) -> str:
    """What a file of /proc says; nothing where the process has ended."""
    try:
        return file.read_text(errors="replace")
    except OSError:
        return ""
