"""The same engine built from its Go modules, where its release is out of reach."""

from __future__ import annotations

import shutil
from pathlib import Path

from scripts.setup.go_toolchain import GoToolchain, required_version
from scripts.setup.progress import Step
from scripts.setup.shell import Shell

__all__ = ["MODULES", "ORIGIN", "build", "pinned_version"]

# Folders of scripts/setup/builds.
MODULES = ("engine", "language")
ENGINE_MODULE = "github.com/pulumi/pulumi/pkg/v3"
SDK_MODULE = "github.com/pulumi/pulumi/sdk/v3"
ENGINE_PACKAGE = f"{ENGINE_MODULE}/cmd/pulumi"
LANGUAGE_PACKAGE = f"{SDK_MODULE}/python/cmd/pulumi-language-python"
ORIGIN = """\
Pulumi {version}, built from its Go modules with {go}.
Checked: every module against go.sum in scripts/setup/builds.
The language host is the last that the Go module proxy serves (builds/language/go.mod). It ignores the runtime
options virtualenv and toolchain, and cannot run Python policy packs; dynamic providers, up, preview and
destroy work.
"""
# Measured: 1.7 GB of modules, 1.8 GB of build cache, the PyPI package of Go, and the linker's scratch files.
_NEEDED_GB = 4.5
_VERSION_VARIABLE = f"{SDK_MODULE}/go/common/version.Version"
# Scripts that the engine starts by name; the paths are inside the SDK's module.
_SCRIPTS = ("python/cmd/pulumi-language-python-exec", "python/dist/pulumi-resource-pulumi-python")


def pinned_version(builds: Path) -> str:
    """The engine's version, pinned where it is built from."""
    return required_version(builds / "engine", ENGINE_MODULE)


def build(toolchain: GoToolchain, folder: Path, shell: Shell, step: Step) -> str:
    """Put what a release would hold into `folder`: engine, language host, their scripts; returns the Go's name."""
    engine, language = (toolchain.layout.builds / name for name in MODULES)
    with toolchain.at_work(folder.with_name("build"), (engine, language), _NEEDED_GB, shell, step) as go:
        stamp = f"-X {_VERSION_VARIABLE}=v{pinned_version(toolchain.layout.builds)}"
        go.build(engine, ENGINE_PACKAGE, folder, stamp)
        go.build(language, LANGUAGE_PACKAGE, folder)
        sdk = go.module_folder(engine, SDK_MODULE)
        for script in _SCRIPTS:
            shutil.copyfile(sdk / script, folder / Path(script).name)
            (folder / Path(script).name).chmod(0o755)
        return go.version()
