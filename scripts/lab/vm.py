"""The virtual machine: boots the laboratory's kernel under virtme-ng and runs the guest in it.

Its one processor is emulated at a thousand million instructions a second and its clock counts those: seconds are the
machine's own, however busy the machine below is, and time in which nothing happens is skipped.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from scripts.setup.laboratory import Laboratory

__all__ = ["FOLDER", "LaboratoryError", "available", "run"]

FOLDER = Path(__file__).parents[2] / ".rialto" / "laboratory"
GUEST = Path(__file__).parent / "guest"
POLL_SECONDS = 1.0
MEMORY = "3G"
# qemu's -icount: an instruction takes 2^0 ns, and the clock does not wait for the real one.
CLOCK = "-icount shift=0,sleep=off"
KERNEL_OPTIONS = "tsc=reliable mitigations=off"


class LaboratoryError(RuntimeError):
    """The machine did not come up, or ended without results."""


def available() -> str:
    """Why the laboratory cannot run here; empty if it can."""
    return Laboratory.here().missing()


def run(plan: Mapping[str, Any], folder: Path, say: Callable[[str], None]) -> dict[str, Any]:
    """The guest's results; `folder` gets plan, logs and results, `say` each line of progress."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(GUEST, folder / "guest", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "plan.json").write_text(json.dumps(plan))
    results, progress = folder / "results.json", folder / "progress.log"
    progress.touch()
    with (folder / "console.log").open("w") as console, progress.open() as heard:
        process = subprocess.Popen(
            command(Laboratory.here(), folder),
            env=_environment(Laboratory.here()),
            stdin=subprocess.DEVNULL,
            stdout=console,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            while process.poll() is None:
                time.sleep(POLL_SECONDS)
                for line in heard:
                    say(line.rstrip())
        finally:
            _end(process)
    if not results.exists():
        said = [
            line for line in (folder / "console.log").read_text(errors="replace").splitlines() if line.strip()
        ]
        last = said[-1] if said else "it said nothing"
        raise LaboratoryError(
            f"the virtual machine ended without results: {last}; see {folder / 'console.log'}"
        )
    return dict(json.loads(results.read_text()))


def command(laboratory: Laboratory, folder: Path, guest: str = "sh /mnt/guest/start.sh") -> list[str]:
    """The command that boots the machine with `folder` at /mnt and runs `guest` as root."""
    kernel = next((laboratory.folder / "kernel" / "boot").glob("vmlinuz-*"))
    return [
        str(laboratory.environment / "bin" / "vng"),
        *("--run", str(kernel)),
        *("--root-disk", str(laboratory.folder / "image.ext2"), "--root-fstype", "ext4"),
        *("--disable-kvm", "--cpus", "1", "--memory", MEMORY, "--user", "root"),
        *("--append", KERNEL_OPTIONS, f"--qemu-opts={CLOCK}"),
        *("--rwdir", f"/mnt={folder}", "--exec", guest),
    ]


def _environment(laboratory: Laboratory) -> dict[str, str]:
    path = f"{laboratory.environment / 'bin'}:{os.environ['PATH']}:/usr/sbin:/sbin"
    return {**os.environ, "PATH": path}


def _end(process: subprocess.Popen[bytes]) -> None:
    """Leave nothing running, also after an interrupt."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGTERM)
    process.wait()
