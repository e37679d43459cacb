"""Programs of the system that only tests need, installed with apt-get where that may be."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass

from scripts.setup.failure import SetupError
from scripts.setup.progress import Step
from scripts.setup.shell import Shell

__all__ = ["SystemProgram", "apt_install", "may_apt_install"]


@dataclass(frozen=True)
class SystemProgram:
    """A part that is there once one of its `programs` is on PATH; where it cannot be brought, its tests are skipped.

    The first of `packages` holds the program; the others are what the tests need beside it.
    """

    name: str
    programs: tuple[str, ...]
    packages: tuple[str, ...]

    def complete(self) -> bool:
        """Whether one of the programs is there."""
        return any(shutil.which(program) for program in self.programs)

    def install(self, shell: Shell) -> None:
        """Install the package, or say the one line that does."""
        trouble = "only root may install it"
        if may_apt_install():
            try:
                with shell.progress.step(f"installing {self.packages[0]}") as step:
                    apt_install(self.packages, shell, step)
            except SetupError as error:
                trouble = str(error)
        if not self.complete():
            shell.progress.say(
                f"[set-up] no {' or '.join(self.programs)}: {trouble}. Its tests are skipped; run: "
                f"sudo apt-get install {' '.join(self.packages)}"
            )


def may_apt_install() -> bool:
    """Whether this user may install packages of this system."""
    return shutil.which("apt-get") is not None and os.geteuid() == 0


def apt_install(packages: Iterable[str], shell: Shell, step: Step) -> None:
    """Install packages and what they need, and start no service of theirs; SetupError if that fails."""
    # invoke-rc.d(8) starts nothing in runlevel 1.
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    shell.run(step, ["apt-get", "update"], env=env)
    shell.run(step, ["apt-get", "install", "-y", "--no-install-recommends", *packages], env=env)
