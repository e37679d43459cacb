"""A release as it lies in a store, where nothing is believed before it is proven."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from model.artifact import MANIFEST, PRIVATE_FILES, Artifact, Manifest, sha256_of
from serving.store import Store, open_store

__all__ = ["Published"]


def _shared(files: Collection[str]) -> Collection[str]:
    return set(files) - PRIVATE_FILES


@dataclass(frozen=True)
class Published:
    """The release `digest` at its place in a store."""

    place: Store
    digest: str

    @classmethod
    def find(cls, store: str, digest: str) -> Self:
        """Where `digest` lies in `store` (file:// or s3://); ValueError if it is no digest."""
        if not re.fullmatch(r"sha256:[0-9a-f]{64}", digest):
            raise ValueError(f'digest is "{digest}"; it must be sha256: and 64 hexadecimal digits')
        return cls(open_store(store).below(digest.replace(":", "/")), digest)

    def bring(self, folder: Path, chosen: Callable[[Collection[str]], Collection[str]] = _shared) -> Artifact:
        """Copy the `chosen` of a release's files to `folder`, each proven by the manifest, that one by the digest.

        ValueError if something is not what it should be, StoreError if it cannot be read.
        """
        release = Artifact(folder, self._manifest(folder))
        for name in sorted(chosen(release.manifest.files)):
            self._file(name, release)
        return release

    def _manifest(self, folder: Path) -> Manifest:
        file = folder / MANIFEST
        self.place.fetch(MANIFEST, file)
        if (actual := f"sha256:{sha256_of(file)}") != self.digest:
            raise ValueError(
                f"{self.place.uri}/{MANIFEST} has the digest {actual}, not the one it lies under; do not serve it"
            )
        try:
            return Manifest(**json.loads(file.read_text()))
        except TypeError as error:
            raise ValueError(
                f"{self.place.uri}/{MANIFEST} is of another version of this program ({error}); "
                "fetch it with that version"
            ) from error

    def _file(self, name: str, release: Artifact) -> None:
        if name not in release.manifest.files:
            raise ValueError(
                f"{self.place.uri} has no {name}, which Triton serves; publish a release that has it"
            )
        file = release.folder / name
        self.place.fetch(name, file)
        if (actual := sha256_of(file)) != release.manifest.files[name]:
            raise ValueError(
                f"{self.place.uri}/{name} has the digest sha256:{actual}, its manifest says "
                f"sha256:{release.manifest.files[name]}; do not serve it"
            )
