"""Copies a release to where servers fetch it from, under an address that can only ever mean this release.

`python -m serving.publish <release folder> <store> --record stacks/releases` prints the address and writes the record
that a stack's preview reads.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from model.artifact import MANIFEST, PRIVATE_FILES, Artifact, sha256_of
from model.record import ReleaseRecord
from serving.store import Store, open_store

__all__ = ["publish", "published_files", "record_of"]


def publish(release: Artifact, store: str) -> str:
    """Copy what others may have of `release` into `store` (file:// or s3://); return its URI, which ends in its digest.

    The manifest comes last: a release without one is not there yet. A release that is already there is verified and
    kept; ValueError if what lies there differs.
    """
    Artifact.load(release.folder, may_lack=PRIVATE_FILES)
    place = open_store(store).below(release.digest.replace(":", "/"))
    for name in published_files(release):
        _add(place, name, release.folder / name, release.manifest.files[name])
    _add(place, MANIFEST, release.folder / MANIFEST, release.digest.removeprefix("sha256:"))
    return place.uri


def published_files(release: Artifact) -> list[str]:
    """The names of the files that leave the machine, manifest aside."""
    return sorted(release.manifest.files.keys() - PRIVATE_FILES)


def _add(place: Store, name: str, file: Path, digest: str) -> None:
    if sha256_of(file) != digest:
        raise ValueError(f"release {file.parent}: {name} changed while it was read; build the release again")
    if place.add(name, file):
        return
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch) / "copy"
        place.fetch(name, copy)
        if sha256_of(copy) != digest:
            raise ValueError(
                f"{place.uri}/{name} is not the file of this release, and is never overwritten; "
                "find out who wrote it, remove it there and publish again"
            )


def record_of(release: Artifact) -> ReleaseRecord:
    """What a preview wants to know of the release."""
    sizes = {name: (release.folder / name).stat().st_size for name in published_files(release)}
    return ReleaseRecord(digest=release.digest, manifest=release.manifest, sizes=sizes)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the exit code is 1 if the release is not where it should be."""
    parser = argparse.ArgumentParser(prog="python -m serving.publish", description=__doc__)
    parser.add_argument("release", type=Path, help="the folder of a release, or of a copy from another store")
    parser.add_argument("store", help="file:///path or s3://bucket/prefix")
    parser.add_argument(
        "--record", type=Path, metavar="FOLDER", help="where its record goes: stacks/releases"
    )
    chosen = parser.parse_args(arguments)
    try:
        release = Artifact.load(chosen.release, may_lack=PRIVATE_FILES)
        uri = publish(release, chosen.store)
        record = record_of(release).write(chosen.record) if chosen.record else None
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(uri)
    if record:
        print(f"next: commit {record} with release.digest: {release.digest} in a stack file", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
