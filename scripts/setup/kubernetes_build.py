"""The same API server and an etcd built from their Go modules, where their release is out of reach."""

from __future__ import annotations

from pathlib import Path

from scripts.setup.go_toolchain import GoToolchain, required_version
from scripts.setup.progress import Step
from scripts.setup.shell import Shell

__all__ = ["MODULE", "ORIGIN", "build", "pinned_version"]

# A folder of scripts/setup/builds.
MODULE = "kubernetes"
SERVER_MODULE = "k8s.io/kubernetes"
SERVER_PACKAGE = f"{SERVER_MODULE}/cmd/kube-apiserver"
STORE_PACKAGE = "go.etcd.io/etcd/server/v3"
ORIGIN = """\
kube-apiserver {version} and etcd, built from their Go modules with {go}.
Checked: every module against go.sum in scripts/setup/builds/kubernetes.
"""
_NEEDED_GB = 4.0
_VERSION_PACKAGE = "k8s.io/component-base/version"


def pinned_version(builds: Path) -> str:
    """The API server's version, pinned where it is built from."""
    return required_version(builds / MODULE, SERVER_MODULE)


def build(toolchain: GoToolchain, folder: Path, shell: Shell, step: Step) -> str:
    """Put kube-apiserver and etcd into `folder`; returns the name of the Go that built them."""
    module = toolchain.layout.builds / MODULE
    with toolchain.at_work(folder.with_name("build"), (module,), _NEEDED_GB, shell, step) as go:
        go.build(module, STORE_PACKAGE, folder / "etcd")
        go.build(module, SERVER_PACKAGE, folder, _stamp(pinned_version(toolchain.layout.builds)))
        return go.version()


def _stamp(version: str) -> str:
    """What the project's own build tells the linker; without it the server calls itself v0.0.0."""
    major, minor, _ = version.split(".", 2)
    values = {"gitVersion": f"v{version}", "gitMajor": major, "gitMinor": minor}
    return " ".join(f"-X {_VERSION_PACKAGE}.{name}={value}" for name, value in values.items())
