"""Artefacts: folders that say what they hold, checked by digest, written once and never changed."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

__all__ = [
    "PRIVATE_FILES",
    "Artifact",
    "GateError",
    "Manifest",
    "cache_folder",
    "new_folder",
    "release_store",
    "sha256_of",
]

MANIFEST = "manifest.json"
# Every household's newest events, for the client on the machine that trained. They name people, so they are raw data,
# which never leaves the private cloud; a store may lie anywhere.
PRIVATE_FILES = frozenset({"histories.parquet"})
_HASH_CHUNK_BYTES = 1 << 20


class GateError(ValueError):
    """A stage's result is worse than its gate allows; the message holds the numbers."""


def cache_folder() -> Path:
    """The per-user folder that clones share: `$RIALTO_CACHE`, or `rialto` in the XDG cache folder."""
    if chosen := os.environ.get("RIALTO_CACHE"):
        return Path(chosen)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "rialto"


def release_store() -> Path:
    """The folder of all releases of this user: content-addressed, shared by clones, never emptied here."""
    return cache_folder() / "releases"


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, as hex."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_HASH_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


@contextmanager
def new_folder(target: Path) -> Iterator[Path]:
    """Yield a scratch folder that becomes `target` when the block ends well, and vanishes when it does not.

    Raises FileExistsError if `target` exists before the block; a target that another process finished
    meanwhile is kept, since both were made from the same inputs.
    """
    if target.exists():
        raise FileExistsError(f"{target} exists; artefacts are never overwritten")
    target.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        yield scratch
        scratch.chmod(0o755)
        try:
            scratch.rename(target)
        except OSError:
            if not target.is_dir():
                raise
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What an artefact is and where it came from.

    `files` maps names to SHA-256 hex digests; `metrics` holds validation and test figures by name;
    `max_history` is the number of newest events that the graph looks at, `catalogue` the number of items.
    """

    model: str
    version: str
    precision: str
    files: dict[str, str]
    data: str
    recipe: str
    seed: int
    git_commit: str
    catalogue: int
    max_history: int
    metrics: dict[str, Any]

    def as_json(self) -> str:
        """Canonical JSON: sorted keys, so that equal manifests have equal digests."""
        return json.dumps(asdict(self), sort_keys=True, indent=1)


@dataclass(frozen=True)
class Artifact:
    """A finished folder and its manifest."""

    folder: Path
    manifest: Manifest

    @property
    def digest(self) -> str:
        """`sha256:` and the digest of the manifest, which itself holds the digest of every file."""
        return f"sha256:{hashlib.sha256(self.manifest.as_json().encode()).hexdigest()}"

    def file(self, name: str) -> Path:
        """The path of one of the artefact's files; KeyError if the manifest does not list it."""
        if name not in self.manifest.files:
            raise KeyError(f"{self.folder} has no {name}; it holds {', '.join(sorted(self.manifest.files))}")
        return self.folder / name

    @classmethod
    def seal(cls, folder: Path, **about: Any) -> Self:  # noqa: ANN401 - the manifest's own fields
        """Write the manifest of a folder that is complete; `about` is every `Manifest` field but `files`."""
        files = {
            str(path.relative_to(folder)): sha256_of(path)
            for path in sorted(folder.rglob("*"))
            if path.is_file() and path.name != MANIFEST
        }
        manifest = Manifest(files=files, **about)
        (folder / MANIFEST).write_text(manifest.as_json())
        return cls(folder, manifest)

    @classmethod
    def load(cls, folder: Path, may_lack: Collection[str] = ()) -> Self:
        """Read an artefact and verify every file; ValueError names the first that is missing or differs.

        A copy may lack the files in `may_lack`; one that it has is verified.
        """
        path = folder / MANIFEST
        if not path.is_file():
            raise ValueError(f"release {folder} has no {MANIFEST}; build it with `python -m model.release`")
        manifest = Manifest(**json.loads(path.read_text()))
        for name, expected in manifest.files.items():
            file = folder / name
            if name in may_lack and not file.exists():
                continue
            if not file.is_file() or sha256_of(file) != expected:
                raise ValueError(
                    f"release {folder}: {name} is missing or differs from its digest; remove the folder and build again"
                )
        return cls(folder, manifest)
