"""Pulumi's official release: fetched, and checked against the checksums published beside it."""

from __future__ import annotations

import http.client
import shutil
import tarfile
import urllib.error
import urllib.request
from pathlib import Path

from model.artifact import sha256_of
from scripts.setup.failure import SetupError
from scripts.setup.progress import Step

__all__ = ["ORIGIN", "RELEASES", "OutOfReachError", "expected_digest", "fetch", "unpack"]

RELEASES = "https://github.com/pulumi/pulumi/releases/download"
ORIGIN = """\
Pulumi {version}, the official release.
Checked: SHA-256 against the checksum file that is published beside the release, both over TLS.
Not checked: the signature of that checksum file. Whoever can change both at the source is not noticed.
Everything works: dynamic providers, Python policy packs.
"""
_TIMEOUT_SECONDS = 5
# The other programs of the release are hosts for languages that this project does not use.
_NAMES = ("pulumi", "pulumi-language-python", "pulumi-language-python-exec", "pulumi-resource-pulumi-python")
_OPTIONAL_NAMES = ("pulumi-analyzer-policy-python",)


class OutOfReachError(OSError):
    """The release cannot be fetched from here; the message is the reason in a few words."""


def fetch(version: str, platform: str, folder: Path, step: Step, releases: str) -> None:
    """Put the programs of a release into `folder`.

    Raises OutOfReachError where it cannot be had, and SetupError where it is not what its checksums say.
    """
    archive_name = f"pulumi-v{version}-{platform}.tar.gz"
    archive = folder / archive_name
    checksums = folder / "checksums.txt"
    _download(f"{releases}/v{version}/pulumi-{version}-checksums.txt", checksums, step)
    expected = expected_digest(checksums.read_text(errors="replace"), archive_name)
    _download(f"{releases}/v{version}/{archive_name}", archive, step)
    actual = sha256_of(archive)
    if actual != expected:
        raise SetupError(
            f"{archive_name} has SHA-256 {actual} and its release says {expected}; something on the way "
            "changed it: run this again from another network"
        )
    unpack(archive, folder)
    archive.unlink()
    checksums.unlink()


def expected_digest(checksums: str, name: str) -> str:
    """The digest of file `name` in the text of a checksum file ("<hex>  <name>" lines)."""
    for line in checksums.splitlines():
        words = line.split()
        if len(words) == 2 and words[1].lstrip("*") == name:
            return words[0]
    raise OutOfReachError(f"what was served as its checksum file does not name {name}")


def unpack(archive: Path, folder: Path) -> None:
    """Write the programs we use from a release's archive into `folder`, by their own names only."""
    with tarfile.open(archive) as tar:
        members = {Path(member.name).name: member for member in tar.getmembers() if member.isfile()}
        if missing := [name for name in _NAMES if name not in members]:
            raise SetupError(f"{archive.name} has no {', '.join(missing)}; is the pinned version right?")
        for name in (*_NAMES, *(name for name in _OPTIONAL_NAMES if name in members)):
            source = tar.extractfile(members[name])
            assert source is not None
            with source, (folder / name).open("wb") as target:
                shutil.copyfileobj(source, target)
            (folder / name).chmod(0o755)


def _download(url: str, target: Path, step: Step) -> None:
    """Fetch a file; every way in which the network can fail becomes OutOfReachError, a full disk does not."""
    try:
        response = urllib.request.urlopen(url, timeout=_TIMEOUT_SECONDS)
    except (OSError, http.client.HTTPException) as error:
        raise OutOfReachError(_reason(error)) from error
    size = int(response.headers.get("Content-Length", 0))
    with response, target.open("wb") as file:
        while chunk := _read(response):
            file.write(chunk)
            step.hear(f"{file.tell() >> 20} of {size >> 20} MiB")
    if size and target.stat().st_size != size:
        raise OutOfReachError(f"{target.name} broke off")


def _read(response: http.client.HTTPResponse) -> bytes:
    try:
        return response.read(1 << 20)
    except (OSError, http.client.HTTPException) as error:
        raise OutOfReachError(_reason(error)) from error


def _reason(error: Exception) -> str:
    if isinstance(error, urllib.error.HTTPError):
        return f"answer {error.code}"
    return str(getattr(error, "reason", error) or type(error).__name__)
