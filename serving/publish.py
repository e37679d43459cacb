"""Copies a release to where servers fetch it from, under an address that can only ever mean this release."""

from __future__ import annotations

import shutil
from pathlib import Path
from urllib.parse import unquote, urlsplit

from model.artifact import MANIFEST, Artifact, new_folder

__all__ = ["publish"]


def publish(release: Artifact, store: str) -> str:
    """Copy `release` into `store` (a file:// URI) and return its URI there, which ends in its digest.

    A release that is already there is verified and kept; ValueError if what lies there differs.
    """
    algorithm, digest = release.digest.split(":")
    target = _folder(store) / algorithm / digest
    if target.exists():
        _require_equal(target, release)
    else:
        with new_folder(target) as scratch:
            for name in [MANIFEST, *release.manifest.files]:
                (scratch / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(release.folder / name, scratch / name)
            _require_equal(scratch, release)
    return target.as_uri()


def _folder(store: str) -> Path:
    uri = urlsplit(store)
    if uri.scheme != "file" or uri.netloc or not uri.path:
        raise ValueError(
            f'store is "{store}"; name a folder as file:///path (other stores are not built yet)'
        )
    return Path(unquote(uri.path))


def _require_equal(folder: Path, release: Artifact) -> None:
    if Artifact.load(folder).digest != release.digest:
        raise ValueError(f"{folder} holds another release than {release.digest}; it is never overwritten")
