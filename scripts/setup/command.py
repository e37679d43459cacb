"""The command line of set-up: brings the parts asked for, each only where it is not already complete."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from typing import Protocol

from scripts.setup.actionlint import Actionlint
from scripts.setup.debian import SystemProgram
from scripts.setup.engine import Engine
from scripts.setup.environment import ProjectEnvironment
from scripts.setup.failure import SetupError, os_explanation
from scripts.setup.installer import Installer
from scripts.setup.interpreter import Interpreter
from scripts.setup.kubernetes import Kubernetes
from scripts.setup.laboratory import Laboratory
from scripts.setup.layout import Layout
from scripts.setup.lock import exclusive
from scripts.setup.locked import cinder, recbole
from scripts.setup.progress import Progress
from scripts.setup.server import TritonEnvironment
from scripts.setup.shell import Shell

__all__ = ["Part", "bring", "main", "parts"]

# With what Debian only recommends and podman does not start without, and what its base image is made with.
PODMAN = (
    "podman",
    "buildah",
    "runc",
    "netavark",
    "catatonit",
    "uidmap",
    "debootstrap",
    "debian-archive-keyring",
)
# Brought only where it is named: gigabytes that one benchmark needs.
ON_REQUEST = ("recbole",)
_INTERRUPTED = 130  # 128 + SIGINT, as shells report it


class Part(Protocol):
    """Something that set-up can bring; `complete` takes milliseconds and changes nothing."""

    @property
    def name(self) -> str:
        """What people call it on the command line."""

    def complete(self) -> bool:
        """Whether it is there, made from the present pins."""

    def install(self, shell: Shell) -> None:
        """Bring it; it counts as complete only once this has ended well."""


def parts(layout: Layout, interpreter: Interpreter) -> tuple[Part, ...]:
    """Every part, in the order in which they need each other."""
    uv = Installer(layout, interpreter)
    return (
        uv,
        ProjectEnvironment(layout, interpreter, uv),
        TritonEnvironment(layout, interpreter, uv),
        Engine(layout, interpreter, uv),
        Kubernetes(layout, interpreter, uv),
        SystemProgram("redis", ("redis-server",), ("redis-server",)),
        SystemProgram("browser", ("chromium", "chromium-browser", "google-chrome"), ("chromium",)),
        SystemProgram("promtool", ("promtool",), ("prometheus",)),
        SystemProgram("alertmanager", ("prometheus-alertmanager",), ("prometheus-alertmanager",)),
        SystemProgram("podman", ("podman",), PODMAN),
        SystemProgram("shellcheck", ("shellcheck",), ("shellcheck",)),
        Actionlint(layout, interpreter, uv),
        cinder(layout, interpreter, uv),
        Laboratory(layout, interpreter, uv),
        recbole(layout, interpreter, uv),
    )


def bring(wanted: Sequence[Part], layout: Layout, progress: Progress) -> bool:
    """Install what is not complete, one set-up of a clone at a time; returns whether that was anything."""
    if all(part.complete() for part in wanted):
        return False
    layout.log.parent.mkdir(parents=True, exist_ok=True)
    with exclusive(layout.machine / "setup.lock", progress.say) as lock:
        layout.log.write_text("")
        shell = Shell(layout.log, progress, (lock,))
        for part in wanted:
            if not part.complete():
                part.install(shell)
    return progress.steps > 0


def main(arguments: Sequence[str]) -> int:
    """Exit code 0 if everything asked for is there in the end; otherwise one line says why not."""
    layout = Layout.here()
    everything = parts(layout, Interpreter.current())
    names = [part.name for part in everything[1:]]
    parser = argparse.ArgumentParser(
        prog="scripts/setup", description="Bring what Rialto needs into .rialto/."
    )
    parser.add_argument(
        "part", nargs="*", help=f"{', '.join(names)}; default: all but {', '.join(ON_REQUEST)}"
    )
    asked = parser.parse_args(arguments).part or [name for name in names if name not in ON_REQUEST]
    start = time.monotonic()
    try:
        if unknown := sorted(set(asked) - set(names)):
            raise SetupError(f"there is no part {unknown[0]!r}; the parts are {', '.join(names)}")
        changed = bring(
            [part for part in everything if part.name in ("uv", *asked)], layout, Progress(sys.stderr)
        )
    except (SetupError, OSError) as error:
        print(f"error: {os_explanation(error) if isinstance(error, OSError) else error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("error: interrupted; run this again to go on", file=sys.stderr)
        return _INTERRUPTED
    if changed:
        seconds = time.monotonic() - start
        print(f"[set-up] complete after {seconds:.0f} s; to type pulumi by hand:", file=sys.stderr)
        print(f'export PATH="{layout.machine / "bin"}:$PATH"', file=sys.stderr)
    return 0
