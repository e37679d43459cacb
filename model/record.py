"""The record of a published release: what a review and a preview can know of it without fetching it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from model.artifact import Manifest

__all__ = ["ReleaseRecord"]


@dataclass(frozen=True, kw_only=True)
class ReleaseRecord:
    """A release's digest, its manifest, and the sizes in bytes of the files that were published.

    `python -m serving.publish --record` writes it to stacks/releases/<digest>.json; it is committed with the digest
    that names it, so that a review can say what a change of digest means.
    """

    digest: str
    manifest: Manifest
    sizes: dict[str, int]

    @classmethod
    def load(cls, digest: str, folder: Path) -> Self:
        """Read the record of `digest`; ValueError if there is none, or if it describes another release."""
        file = folder / _name(digest)
        if not file.is_file():
            known = ", ".join(sorted(f"sha256:{each.stem}" for each in folder.glob("*.json"))) or "none"
            raise ValueError(
                f'digest is "{digest}", a release without a record in stacks/releases ({known} there); '
                "publish it with `python -m serving.publish`, or choose one that was"
            )
        record = json.loads(file.read_text())
        manifest = Manifest(**record["manifest"])
        actual = f"sha256:{hashlib.sha256(manifest.as_json().encode()).hexdigest()}"
        if actual != digest:
            raise ValueError(
                f'digest is "{digest}", but {file.name} describes {actual}; publish the release again'
            )
        return cls(digest=digest, manifest=manifest, sizes=record["sizes"])

    def as_json(self) -> str:
        """The text of the record's file."""
        return (
            json.dumps({"manifest": vars(self.manifest), "sizes": self.sizes}, sort_keys=True, indent=1)
            + "\n"
        )

    def write(self, folder: Path) -> Path:
        """Write the record's file and return its path; an equal release has an equal record."""
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / _name(self.digest)
        file.write_text(self.as_json())
        return file


def _name(digest: str) -> str:
    return f"{digest.removeprefix('sha256:')}.json"
