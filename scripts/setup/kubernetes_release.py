"""The API server's official programs, as the Kubernetes project packs them for tests (envtest)."""

from __future__ import annotations

from pathlib import Path

from scripts.setup import release
from scripts.setup.progress import Step

__all__ = ["NAMES", "ORIGIN", "RELEASES", "fetch"]

# https://book.kubebuilder.io/reference/artifacts.html
RELEASES = "https://github.com/kubernetes-sigs/controller-tools/releases/download"
NAMES = ("etcd", "kube-apiserver")
ORIGIN = """\
kube-apiserver {version} and etcd, from envtest's archive of that version.
Checked: SHA-512 against the checksum file that is published beside the archive, both over TLS.
"""


def fetch(version: str, platform: str, folder: Path, step: Step, releases: str) -> None:
    """Put kube-apiserver and etcd into `folder`; raises as `release.fetch` does."""
    url = f"{releases}/envtest-v{version}/envtest-v{version}-{platform}.tar.gz"
    archive = release.fetch(url, f"{url}.sha512", "sha512", folder, step)
    release.unpack(archive, folder, NAMES)
    archive.unlink()
