"""What others built: fetched, checked against the checksums published beside it, unpacked by name."""

from __future__ import annotations

import http.client
import shutil
import tarfile
import urllib.error
import urllib.request
from collections.abc import Sequence
from hashlib import file_digest
from pathlib import Path

from scripts.setup.failure import SetupError
from scripts.setup.progress import Step

__all__ = ["OutOfReachError", "expected_digest", "fetch", "unpack"]

_TIMEOUT_SECONDS = 5


class OutOfReachError(OSError):
    """The release cannot be fetched from here; the message is the reason in a few words."""


def fetch(url: str, checksums_url: str, algorithm: str, folder: Path, step: Step) -> Path:
    """Put the file of an address into `folder` and return its path, once its checksum fits.

    Raises OutOfReachError where it cannot be had, and SetupError where it is not what its checksums say.
    """
    archive = folder / url.rpartition("/")[2]
    checksums = folder / "checksums.txt"
    _download(checksums_url, checksums, step)
    expected = expected_digest(checksums.read_text(errors="replace"), archive.name)
    checksums.unlink()
    _download(url, archive, step)
    with archive.open("rb") as file:
        actual = file_digest(file, algorithm).hexdigest()
    if actual != expected:
        name = algorithm.upper().replace("SHA", "SHA-")
        raise SetupError(
            f"{archive.name} has {name} {actual} and its release says {expected}; something on the way "
            "changed it: run this again from another network"
        )
    return archive


def expected_digest(checksums: str, name: str) -> str:
    """The digest of file `name` in the text of a checksum file ("<hex>  <path>" lines)."""
    for line in checksums.splitlines():
        words = line.split()
        if len(words) == 2 and words[1].lstrip("*").rpartition("/")[2] == name:
            return words[0]
    raise OutOfReachError(f"what was served as its checksum file does not name {name}")


def unpack(archive: Path, folder: Path, names: Sequence[str], optional_names: Sequence[str] = ()) -> None:
    """Write the programs we use from an archive into `folder`, by their own names only."""
    with tarfile.open(archive) as tar:
        members = {Path(member.name).name: member for member in tar.getmembers() if member.isfile()}
        if missing := [name for name in names if name not in members]:
            raise SetupError(f"{archive.name} has no {', '.join(missing)}; is the pinned version right?")
        for name in (*names, *(name for name in optional_names if name in members)):
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
