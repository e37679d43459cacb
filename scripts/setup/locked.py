"""Environments apart from the project's, each exactly what its lock names: for real parts of tests and benchmarks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from scripts.setup import marker
from scripts.setup.disk import require_space
from scripts.setup.installer import Installer
from scripts.setup.interpreter import Interpreter
from scripts.setup.layout import Layout
from scripts.setup.shell import Shell

__all__ = ["LockedEnvironment", "cinder", "recbole"]


@dataclass(frozen=True, kw_only=True)
class LockedEnvironment:
    """`.rialto/environments/<name>`; `proof` is a file in it that a finished one has."""

    layout: Layout
    interpreter: Interpreter
    installer: Installer
    name: str
    about: str
    lock: Path
    proof: str
    needed_gb: float

    @property
    def _folder(self) -> Path:
        return self.layout.environment(self.name)

    @property
    def _facts(self) -> dict[str, str]:
        return {
            "python": self.interpreter.identity,
            "folder": str(self._folder),
            "lock": marker.digest([self.lock]),
        }

    def complete(self) -> bool:
        """Whether the environment was finished from the present lock."""
        return marker.complete(self._folder, self._facts) and (self._folder / "bin" / self.proof).exists()

    def install(self, shell: Shell) -> None:
        """Make the environment anew; uv's cache makes a second time quick."""
        with shell.progress.step(f"installing {self.about}") as step:
            require_space([self._folder], self.needed_gb, f"installing {self.about}")
            self.installer.create(shell, step, self._folder, str(self.interpreter.path))
            self.installer.sync(shell, step, self._folder, [self.lock])
            marker.write(self._folder, self._facts)


def cinder(layout: Layout, interpreter: Interpreter, installer: Installer) -> LockedEnvironment:
    """A real Cinder API: tests hold what asks it, and what stands in for it, to its answers."""
    return LockedEnvironment(
        layout=layout,
        interpreter=interpreter,
        installer=installer,
        name="cinder",
        about="Cinder's API",
        lock=layout.pins / "cinder.lock",
        proof="cinder-manage",
        needed_gb=0.3,
    )


def recbole(layout: Layout, interpreter: Interpreter, installer: Installer) -> LockedEnvironment:
    """RecBole, which `scripts/bench training` races: it needs NumPy 1 and pandas 2, and brings a PyTorch of its own."""
    return LockedEnvironment(
        layout=layout,
        interpreter=interpreter,
        installer=installer,
        name="recbole",
        about="RecBole (PyTorch once more: gigabytes where uv has them not yet)",
        lock=layout.root / "scripts" / "benchmarks" / "race" / "requirements.lock",
        proof="python",
        # Measured: 5.7 GB, nearly all of it PyTorch's CUDA libraries; links into uv's cache on the same disk.
        needed_gb=6.0,
    )
