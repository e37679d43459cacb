"""A kube-apiserver with its etcd, for tests: what it refuses, a cluster would refuse."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from scripts.setup import kubernetes_build, kubernetes_release, marker
from scripts.setup.cached import CachedPrograms
from scripts.setup.failure import SetupError
from scripts.setup.go_toolchain import GoToolchain
from scripts.setup.installer import Installer
from scripts.setup.interpreter import Interpreter
from scripts.setup.layout import Layout
from scripts.setup.progress import Step
from scripts.setup.release import OutOfReachError
from scripts.setup.shell import Shell

__all__ = ["Kubernetes"]

_NEEDED_GB = 0.5
_MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}


@dataclass(frozen=True)
class Kubernetes:
    """`<cache>/kubernetes/<version>-<platform>/`: kube-apiserver and etcd."""

    layout: Layout
    interpreter: Interpreter
    installer: Installer
    releases: str = kubernetes_release.RELEASES
    name: str = "kubernetes"

    @classmethod
    def here(cls) -> Self:
        """The one of this clone."""
        layout, interpreter = Layout.here(), Interpreter.current()
        return cls(layout, interpreter, Installer(layout, interpreter))

    @property
    def version(self) -> str:
        """The API server's version, pinned where it is built from."""
        return kubernetes_build.pinned_version(self.layout.builds)

    @property
    def _platform(self) -> str:
        """This machine as envtest's archives name it."""
        machine = platform.machine()
        return f"{platform.system().lower()}-{_MACHINES.get(machine, machine)}"

    @property
    def folder(self) -> Path:
        """Where the programs lie, for every clone of this person."""
        return self.layout.cache / "kubernetes" / f"{self.version}-{self._platform}"

    @property
    def _programs(self) -> CachedPrograms:
        modules = marker.digest(self.layout.module_files(kubernetes_build.MODULE))
        facts = {"version": self.version, "platform": self._platform, "modules": modules}
        return CachedPrograms(self.folder, facts, _NEEDED_GB, "kube-apiserver")

    def complete(self) -> bool:
        """Whether the programs were finished from the present pins."""
        return self._programs.complete()

    def install(self, shell: Shell) -> None:
        """Bring the programs unless another clone already did."""
        self._programs.bring(
            shell, lambda held, folder: self._released(held, folder) or self._built(held, folder)
        )

    def _released(self, shell: Shell, folder: Path) -> str:
        """Fetch envtest's archive into `folder`; empty if it is out of reach."""
        with shell.progress.step(f"fetching kube-apiserver {self.version} and etcd") as step:
            try:
                kubernetes_release.fetch(self.version, self._platform, folder, step, self.releases)
            except OutOfReachError as error:
                step.outcome = f"out of reach ({error})"
                return ""
            self._prove(shell, step, folder)
        return kubernetes_release.ORIGIN.format(version=self.version)

    def _built(self, shell: Shell, folder: Path) -> str:
        title = f"building kube-apiserver {self.version} and etcd (about 5 minutes on two cores)"
        with shell.progress.step(title) as step:
            toolchain = GoToolchain(self.layout, self.interpreter, self.installer)
            go = kubernetes_build.build(toolchain, folder, shell, step)
            self._prove(shell, step, folder)
        return kubernetes_build.ORIGIN.format(version=self.version, go=go)

    def _prove(self, shell: Shell, step: Step, folder: Path) -> None:
        shell.run(step, [folder / "etcd", "--version"])
        said = shell.run(step, [folder / "kube-apiserver", "--version"]).strip()
        if said != f"Kubernetes v{self.version}":
            raise SetupError(
                f"the kube-apiserver brought says it is {said!r}, not v{self.version}; run this again"
            )
