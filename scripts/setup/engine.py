"""The Pulumi engine and its Python language host, shared by all clones, and this clone's way to start it."""

from __future__ import annotations

import json
import platform
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from scripts.setup import engine_build, engine_release, marker, wrapper
from scripts.setup.disk import require_space
from scripts.setup.failure import SetupError
from scripts.setup.installer import Installer
from scripts.setup.interpreter import Interpreter
from scripts.setup.layout import Layout
from scripts.setup.lock import exclusive
from scripts.setup.progress import Step
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
        module = (self.layout.builds / "engine" / "go.mod").read_text()
        found = re.search(rf"{re.escape(engine_build.ENGINE_MODULE)} v(\S+)", module)
        assert found is not None, "the engine's go.mod requires no engine"
        return found[1]

    @property
    def _platform(self) -> str:
        return platform_name(platform.system(), platform.machine())

    @property
    def folder(self) -> Path:
        """Where the engine lies, for every clone of this person."""
        return self.layout.cache / "engine" / f"{self.version}-{self._platform}"

    @property
    def _inputs(self) -> dict[str, str]:
        files = sorted(self.layout.builds.glob("*/go.*"))
        return {"version": self.version, "platform": self._platform, "modules": marker.digest(files)}

    def complete(self) -> bool:
        """Whether the engine was finished from the present pins, and this clone can start it."""
        return self._installed() and wrapper.up_to_date(self.layout, self.folder)

    def install(self, shell: Shell) -> None:
        """Bring the engine unless another clone already did; then write this clone's `.rialto/bin/pulumi`."""
        with exclusive(self.folder.with_name("lock"), shell.progress.say) as lock:
            if not self._installed():
                self._bring(shell.holding(lock))
        wrapper.write(self.layout, self.folder)

    def _installed(self) -> bool:
        facts = marker.read(self.folder)
        sizes = json.loads(facts.pop("sizes", "{}"))
        return facts == self._inputs and bool(sizes) and sizes == _sizes(self.folder)

    def _bring(self, shell: Shell) -> None:
        require_space([self.folder], _NEEDED_GB, "installing the Pulumi engine")
        partial = self.folder.with_name(f"{self.folder.name}.partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        origin = self._released(shell, partial) or self._built(shell, partial)
        (partial / "origin.txt").write_text(origin)
        marker.write(partial, {**self._inputs, "sizes": json.dumps(_sizes(partial))})
        shutil.rmtree(self.folder, ignore_errors=True)
        partial.rename(self.folder)

    def _released(self, shell: Shell, folder: Path) -> str:
        """Fetch the official release into `folder`; empty if it is out of reach."""
        with shell.progress.step(f"fetching the release of the Pulumi engine {self.version}") as step:
            try:
                engine_release.fetch(self.version, self._platform, folder, step, self.releases)
            except engine_release.OutOfReachError as error:
                step.outcome = f"out of reach ({error})"
                return ""
            self._prove(shell, step, folder)
        return engine_release.ORIGIN.format(version=self.version)

    def _built(self, shell: Shell, folder: Path) -> str:
        with shell.progress.step(
            f"building the Pulumi engine {self.version} (5 to 10 minutes on two cores)"
        ) as step:
            build = engine_build.EngineBuild(self.layout, self.interpreter, self.installer, self.version)
            go = build.build(folder, shell, step)
            self._prove(shell, step, folder)
        return engine_build.ORIGIN.format(version=self.version, go=go)

    def _prove(self, shell: Shell, step: Step, folder: Path) -> None:
        said = shell.run(step, [folder / "pulumi", "version"]).strip()
        if said != f"v{self.version}":
            raise SetupError(f"the engine brought says it is {said!r}, not v{self.version}; run this again")


def _sizes(folder: Path) -> dict[str, int]:
    return {file.name: file.stat().st_size for file in sorted(folder.glob("pulumi*"))}
