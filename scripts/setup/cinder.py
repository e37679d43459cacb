"""The environment of a real Cinder API: tests hold what asks it, and what stands in for it, to its answers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from scripts.setup import marker
from scripts.setup.disk import require_space
from scripts.setup.installer import Installer
from scripts.setup.interpreter import Interpreter
from scripts.setup.layout import Layout
from scripts.setup.shell import Shell

__all__ = ["CinderEnvironment"]

_NEEDED_GB = 0.3


@dataclass(frozen=True)
class CinderEnvironment:
    """`.rialto/environments/cinder`, apart from the project's: OpenStack's services pin what they share."""

    layout: Layout
    interpreter: Interpreter
    installer: Installer
    name: str = "cinder"

    @property
    def _folder(self) -> Path:
        return self.layout.environment("cinder")

    @property
    def _lock(self) -> Path:
        return self.layout.pins / "cinder.lock"

    @property
    def _facts(self) -> dict[str, str]:
        return {
            "python": self.interpreter.identity,
            "folder": str(self._folder),
            "lock": marker.digest([self._lock]),
        }

    def complete(self) -> bool:
        """Whether the environment was finished from the present lock."""
        return (
            marker.complete(self._folder, self._facts) and (self._folder / "bin" / "cinder-manage").exists()
        )

    def install(self, shell: Shell) -> None:
        """Make the environment anew; uv's cache makes a second time quick."""
        with shell.progress.step("installing Cinder's API") as step:
            require_space([self._folder], _NEEDED_GB, "installing Cinder's API")
            self.installer.create(shell, step, self._folder, str(self.interpreter.path))
            self.installer.sync(shell, step, self._folder, [self._lock])
            marker.write(self._folder, self._facts)
