"""The code that training runs, as one archive whose bytes depend on nothing but the code."""

from __future__ import annotations

import hashlib
import io
import zipfile
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Bundle", "bundle"]

# Of serving, what writes a release back.
SERVING = ("__init__.py", "publish.py", "published.py", "store.py")
# The earliest moment that a zip can hold; when a file was checked out says nothing of it.
EPOCH = (1980, 1, 1, 0, 0, 0)
READ_ONLY = 0o444 << 16
UNIX = 3


@dataclass(frozen=True)
class Bundle:
    """The archive's bytes."""

    data: bytes

    @property
    def hex(self) -> str:
        """The SHA-256 of the bytes."""
        return hashlib.sha256(self.data).hexdigest()

    @property
    def digest(self) -> str:
        """`sha256:` and `hex`."""
        return f"sha256:{self.hex}"

    def write(self, folder: Path) -> Path:
        """Put the archive into `folder` under its digest, if it is not there yet, and return its path."""
        file = folder / f"{self.hex}.zip"
        if not file.is_file() or file.read_bytes() != self.data:
            folder.mkdir(parents=True, exist_ok=True)
            aside = file.with_suffix(".partial")
            aside.write_bytes(self.data)
            aside.replace(file)
        return file


def bundle(root: Path) -> Bundle:
    """Pack the Python files of `model/` and those of `serving/` that publish a release, and nothing beside them."""
    names = sorted(
        [path.relative_to(root).as_posix() for path in (root / "model").rglob("*.py")]
        + [f"serving/{name}" for name in SERVING]
    )
    archive = io.BytesIO()
    # Stored, not deflated: another zlib would give other bytes.
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as target:
        for name in names:
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.create_system, entry.external_attr = UNIX, READ_ONLY
            target.writestr(entry, (root / name).read_bytes())
    return Bundle(archive.getvalue())
