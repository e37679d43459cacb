"""Brings one published release, proven by its digest, into a folder: the gateway's init container runs it.

`python -m serving.fetch_release <store> <sha256:digest> <folder>`
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from serving.published import Published

__all__ = ["fetch_release"]


def fetch_release(store: str, digest: str, folder: Path) -> Path:
    """Copy the release `digest` of `store` to a new folder in `folder`, all or nothing, and return it.

    ValueError if something is not what it should be, StoreError if it cannot be read. One that is there already, of a
    step that was repeated, is brought anew.
    """
    published = Published.find(store, digest)
    done = folder / "release"
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        proven = Path(scratch) / "release"
        proven.mkdir()
        published.bring(proven)
        shutil.rmtree(done, ignore_errors=True)
        return proven.rename(done)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the exit code is 1 if the release is not there."""
    parser = argparse.ArgumentParser(prog="python -m serving.fetch_release", description=__doc__)
    parser.add_argument("store", help="file:///path or s3://bucket/prefix")
    parser.add_argument("digest", help="sha256:... of the release")
    parser.add_argument("folder", type=Path, help="where it goes, as release/")
    chosen = parser.parse_args(arguments)
    try:
        release = fetch_release(chosen.store, chosen.digest, chosen.folder)
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"{chosen.digest} in {release}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
