"""Pulumi's official release: where it lies, and what of it we use."""

from __future__ import annotations

from pathlib import Path

from scripts.setup import release
from scripts.setup.progress import Step

__all__ = ["ORIGIN", "RELEASES", "fetch", "unpack"]

RELEASES = "https://github.com/pulumi/pulumi/releases/download"
ORIGIN = """\
Pulumi {version}, the official release.
Checked: SHA-256 against the checksum file that is published beside the release, both over TLS.
Not checked: the signature of that checksum file. Whoever can change both at the source is not noticed.
Everything works: dynamic providers, Python policy packs.
"""
# The other programs of the release are hosts for languages that this project does not use.
_NAMES = ("pulumi", "pulumi-language-python", "pulumi-language-python-exec", "pulumi-resource-pulumi-python")
_OPTIONAL_NAMES = ("pulumi-analyzer-policy-python",)


def fetch(version: str, platform: str, folder: Path, step: Step, releases: str) -> None:
    """Put the programs of a release into `folder`; raises as `release.fetch` does."""
    url = f"{releases}/v{version}/pulumi-v{version}-{platform}.tar.gz"
    checksums = f"{releases}/v{version}/pulumi-{version}-checksums.txt"
    archive = release.fetch(url, checksums, "sha256", folder, step)
    unpack(archive, folder)
    archive.unlink()


def unpack(archive: Path, folder: Path) -> None:
    """Write the programs we use from a release's archive into `folder`."""
    release.unpack(archive, folder, _NAMES, _OPTIONAL_NAMES)
