"""uv: pinned by hash, in an environment of its own, the installer of every other environment."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from scripts.setup import marker
from scripts.setup.disk import require_space
from scripts.setup.failure import SetupError
from scripts.setup.interpreter import Interpreter
from scripts.setup.layout import Layout
from scripts.setup.progress import Step
from scripts.setup.shell import Shell

__all__ = ["Installer"]

_NEEDED_GB = 0.3


@dataclass(frozen=True)
class Installer:
    """Installs uv with pip, then everything else with uv."""

    layout: Layout
    interpreter: Interpreter
    name: str = "uv"

    @property
    def _folder(self) -> Path:
        return self.layout.environment("uv")

    @property
    def _uv(self) -> Path:
        return self._folder / "bin" / "uv"

    @property
    def _facts(self) -> dict[str, str]:
        lock = marker.digest([self.layout.pins / "uv.lock"])
        return {"python": self.interpreter.identity, "folder": str(self._folder), "lock": lock}

    def complete(self) -> bool:
        """Whether the pinned uv is there."""
        return marker.complete(self._folder, self._facts) and self._uv.exists()

    def install(self, shell: Shell) -> None:
        """Make the environment anew and install uv into it."""
        if importlib.util.find_spec("ensurepip") is None:
            raise SetupError(
                f"{self.interpreter.path} has no ensurepip, so it can make no virtual environment; "
                "install it (Debian: apt-get install python3-venv) and run this again"
            )
        require_space([self._folder], _NEEDED_GB, "installing uv")
        pip_install: list[str | Path] = [
            self._folder / "bin" / "pip",
            "install",
            "--require-hashes",
            "--retries",
            "1",
        ]
        with shell.progress.step("installing uv") as step:
            shutil.rmtree(self._folder, ignore_errors=True)
            shell.run(step, [self.interpreter.path, "-m", "venv", self._folder], what="python -m venv")
            shell.run(step, [*pip_install, "-r", self.layout.pins / "uv.lock"], what="pip")
            marker.write(self._folder, self._facts)

    def create(self, shell: Shell, step: Step, folder: Path, python: str) -> None:
        """Make an empty environment; `python` is a path or a range of versions that uv looks for."""
        shutil.rmtree(folder, ignore_errors=True)
        shell.run(step, [self._uv, "venv", "--no-project", "--python", python, folder])

    def sync(self, shell: Shell, step: Step, folder: Path, locks: Sequence[Path]) -> None:
        """Make an environment hold exactly what the locks name, each file checked against its hash."""
        shell.run(
            step,
            [*self._pip(folder, "sync"), "--require-hashes", *locks],
            what=f"uv (environment {folder.name})",
        )

    def missing_share(self, shell: Shell, step: Step, folder: Path, locks: Sequence[Path]) -> float:
        """Which part of the packages in `locks`, 0 to 1, would have to be downloaded."""
        plan = shell.run(step, [*self._pip(folder, "sync"), "--dry-run", "--require-hashes", *locks])
        wanted = _counted(plan, "Would download ")
        return wanted / max(_counted(plan, "Resolved "), 1)

    def install_editable(self, shell: Shell, step: Step, folder: Path, project: Path) -> None:
        """Put a project's packages on an environment's path, with nothing else."""
        options = ["--no-deps", "--no-build-isolation", "--editable"]
        shell.run(step, [*self._pip(folder, "install"), *options, project], what="uv (the project itself)")

    def cache(self, shell: Shell, step: Step) -> Path:
        """Where uv keeps what it downloaded."""
        return Path(shell.run(step, [self._uv, "cache", "dir"]).strip())

    def _pip(self, folder: Path, verb: str) -> list[str | Path]:
        return [self._uv, "pip", verb, "--python", folder / "bin" / "python"]


def _counted(text: str, prefix: str) -> int:
    """The number that follows `prefix` at the start of a line: "Resolved 90 packages in 2ms" -> 90."""
    for line in text.splitlines():
        if line.startswith(prefix):
            return int(line.removeprefix(prefix).split()[0])
    return 0
