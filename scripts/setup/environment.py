"""The Python environment of the project: its lock, its own packages, and a pip for the language host."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from scripts.setup import marker
from scripts.setup.disk import require_space
from scripts.setup.installer import Installer
from scripts.setup.interpreter import Interpreter
from scripts.setup.layout import Layout
from scripts.setup.progress import Step
from scripts.setup.shell import Shell

__all__ = ["ProjectEnvironment"]

# Measured: 7.6 GB on Python 3.11, nearly all of it PyTorch's CUDA libraries.
_NEEDED_GB = 7.8


@dataclass(frozen=True)
class ProjectEnvironment:
    """`.rialto/environments/project`, with infra, model and serving importable from anywhere."""

    layout: Layout
    interpreter: Interpreter
    installer: Installer
    name: str = "project"

    @property
    def _folder(self) -> Path:
        return self.layout.environment("project")

    @property
    def _locks(self) -> tuple[Path, ...]:
        return (self.layout.root / "requirements.lock", self.layout.pins / "pip.lock")

    @property
    def facts(self) -> dict[str, str]:
        """What the environment is made from."""
        return {
            "python": self.interpreter.identity,
            "folder": str(self._folder),
            "locks": marker.digest([*self._locks, self.layout.root / "pyproject.toml"]),
        }

    def complete(self) -> bool:
        """Whether the environment was finished from the present locks, under the present Python."""
        return marker.complete(self._folder, self.facts) and (self._folder / "bin" / "python").exists()

    def install(self, shell: Shell) -> None:
        """Bring the environment to the locks; made anew unless a finished one of the same Python is there."""
        finished = marker.read(self._folder)
        same_python = all(finished.get(key) == self.facts[key] for key in ("python", "folder"))
        with shell.progress.step("installing the project's Python packages") as step:
            marker.remove(self._folder)
            if not same_python:
                self.installer.create(shell, step, self._folder, str(self.interpreter.path))
            self._require_space(shell, step)
            self.installer.sync(shell, step, self._folder, self._locks)
            self.installer.install_editable(shell, step, self._folder, self.layout.root)
            marker.write(self._folder, self.facts)

    def _require_space(self, shell: Shell, step: Step) -> None:
        share = self.installer.missing_share(shell, step, self._folder, self._locks)
        places = [self._folder, self.installer.cache(shell, step)]
        require_space(places, _NEEDED_GB * share, "installing the Python packages")
