"""The checker of GitHub's workflows, for tests, built from its Go modules: no package index carries it."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from scripts.setup import marker
from scripts.setup.cached import CachedPrograms
from scripts.setup.go_toolchain import GoToolchain, required_version
from scripts.setup.installer import Installer
from scripts.setup.interpreter import Interpreter
from scripts.setup.layout import Layout
from scripts.setup.shell import Shell

__all__ = ["Actionlint"]

# A folder of scripts/setup/builds.
MODULE = "actionlint"
_GO_MODULE = "github.com/rhysd/actionlint"
_NEEDED_GB = 0.6
_ORIGIN = """\
actionlint {version}, built from its Go modules with {go}.
Checked: every module against go.sum in scripts/setup/builds/actionlint.
"""


@dataclass(frozen=True)
class Actionlint:
    """`<cache>/actionlint/<version>-<platform>/actionlint`."""

    layout: Layout
    interpreter: Interpreter
    installer: Installer
    name: str = "actionlint"

    @classmethod
    def here(cls) -> Self:
        """The one of this clone."""
        layout, interpreter = Layout.here(), Interpreter.current()
        return cls(layout, interpreter, Installer(layout, interpreter))

    @property
    def version(self) -> str:
        """Pinned where it is built from."""
        return required_version(self.layout.builds / MODULE, _GO_MODULE)

    @property
    def program(self) -> Path:
        """For every clone of this person."""
        return self._folder / "actionlint"

    @property
    def _folder(self) -> Path:
        here = f"{platform.system().lower()}-{platform.machine()}"
        return self.layout.cache / "actionlint" / f"{self.version}-{here}"

    @property
    def _programs(self) -> CachedPrograms:
        facts = {"version": self.version, "modules": marker.digest(self.layout.module_files(MODULE))}
        return CachedPrograms(self._folder, facts, _NEEDED_GB, "actionlint")

    def complete(self) -> bool:
        """Whether the program was finished from the present pins."""
        return self._programs.complete()

    def install(self, shell: Shell) -> None:
        """Build the program unless another clone already did."""
        self._programs.bring(shell, self._built)

    def _built(self, shell: Shell, folder: Path) -> str:
        module = self.layout.builds / MODULE
        toolchain = GoToolchain(self.layout, self.interpreter, self.installer)
        with (
            shell.progress.step(f"building actionlint {self.version} (under a minute)") as step,
            toolchain.at_work(folder.with_name("build"), (module,), _NEEDED_GB, shell, step) as go,
        ):
            go.build(module, f"{_GO_MODULE}/cmd/actionlint", folder)
            return _ORIGIN.format(version=self.version, go=go.version())
