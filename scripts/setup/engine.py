"""The Pulumi engine and its Python language host, shared by all clones, and this clone's way to start it."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from pathlib import Path

from scripts.setup import engine_build, engine_release, marker, wrapper
from scripts.setup.cached import CachedPrograms
from scripts.setup.failure import SetupError
from scripts.setup.go_toolchain import GoToolchain
from scripts.setup.installer import Installer
from scripts.setup.interpreter import Interpreter
from scripts.setup.layout import Layout
from scripts.setup.progress import Step
from scripts.setup.release import OutOfReachError
from scripts.setup.shell import Shell

__all__ = ["Engine", "platform_name"]

_NEEDED_GB = 0.5
_SYSTEMS = {"Linux": "linux", "Darwin": "darwin"}
_MACHINES = {"x86_64": "x64", "aarch64": "arm64", "arm64": "arm64"}


def platform_name(system: str, machine: str) -> str:
    """A machine as Pulumi's releases name it; SetupError where they have none."""
    if system not in _SYSTEMS or machine not in _MACHINES:
        raise SetupError(
            f"there is no Pulumi release for {system} {machine}; use Linux or macOS on x86_64 or arm64"
        )
    return f"{_SYSTEMS[system]}-{_MACHINES[machine]}"


@dataclass(frozen=True)
class Engine:
    """`<cache>/engine/<version>-<platform>/` and `.rialto/bin/pulumi`."""

    layout: Layout
    interpreter: Interpreter
    installer: Installer
    releases: str = engine_release.RELEASES
    name: str = "engine"

    @property
    def version(self) -> str:
        """The engine's version, pinned where it is built from."""
        return engine_build.pinned_version(self.layout.builds)

    @property
    def _platform(self) -> str:
        return platform_name(platform.system(), platform.machine())

    @property
    def folder(self) -> Path:
        """Where the engine lies, for every clone of this person."""
        return self.layout.cache / "engine" / f"{self.version}-{self._platform}"

    @property
    def _programs(self) -> CachedPrograms:
        files = [file for name in engine_build.MODULES for file in self.layout.module_files(name)]
        facts = {"version": self.version, "platform": self._platform, "modules": marker.digest(files)}
        return CachedPrograms(self.folder, facts, _NEEDED_GB, "the Pulumi engine")

    def complete(self) -> bool:
        """Whether the engine was finished from the present pins, and this clone can start it."""
        return self._programs.complete() and wrapper.up_to_date(self.layout, self.folder)

    def install(self, shell: Shell) -> None:
        """Bring the engine unless another clone already did; then write this clone's `.rialto/bin/pulumi`."""
        self._programs.bring(
            shell, lambda held, folder: self._released(held, folder) or self._built(held, folder)
        )
        wrapper.write(self.layout, self.folder)

    def _released(self, shell: Shell, folder: Path) -> str:
        """Fetch the official release into `folder`; empty if it is out of reach."""
        with shell.progress.step(f"fetching the release of the Pulumi engine {self.version}") as step:
            try:
                engine_release.fetch(self.version, self._platform, folder, step, self.releases)
            except OutOfReachError as error:
                step.outcome = f"out of reach ({error})"
                return ""
            self._prove(shell, step, folder)
        return engine_release.ORIGIN.format(version=self.version)

    def _built(self, shell: Shell, folder: Path) -> str:
        title = f"building the Pulumi engine {self.version} (5 to 10 minutes on two cores)"
        with shell.progress.step(title) as step:
            toolchain = GoToolchain(self.layout, self.interpreter, self.installer)
            go = engine_build.build(toolchain, folder, shell, step)
            self._prove(shell, step, folder)
        return engine_build.ORIGIN.format(version=self.version, go=go)

    def _prove(self, shell: Shell, step: Step, folder: Path) -> None:
        said = shell.run(step, [folder / "pulumi", "version"]).strip()
        if said != f"v{self.version}":
            raise SetupError(f"the engine brought says it is {said!r}, not v{self.version}; run this again")
