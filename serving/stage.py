"""Lays out what a training run works with: its code, proven by digest, and the files of its data set.

`python -m serving.stage <code bundle> <sha256:digest> <folder> --data s3://bucket/histories`
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from model.artifact import sha256_of
from serving.store import open_store

__all__ = ["stage"]


def stage(code: str, digest: str, folder: Path, data: str | None = None) -> int:
    """Unpack the bundle at the URI `code` to `folder`/code, copy the store `data` to `folder`/data; count the files.

    ValueError if the bundle is not the one of `digest`, or if a name would leave the folder.
    """
    store, _, name = code.rpartition("/")
    with tempfile.TemporaryDirectory() as scratch:
        bundle = Path(scratch) / "bundle.zip"
        open_store(store).fetch(name, bundle)
        if (actual := f"sha256:{sha256_of(bundle)}") != digest:
            raise ValueError(f"{code} has the digest {actual}, not {digest}; do not run it")
        with zipfile.ZipFile(bundle) as packed:
            for inside in packed.namelist():
                _require_inside(inside, code)
            packed.extractall(folder / "code")
    return _collect(data, folder / "data") if data else 0


def _collect(data: str, folder: Path) -> int:
    store = open_store(data)
    keys = store.listing()
    if not keys:
        raise ValueError(f"{data} is empty; sync the data set before training on it")
    for key in keys:
        _require_inside(key, data)
        (folder / key).parent.mkdir(parents=True, exist_ok=True)
        store.fetch(key, folder / key)
    return len(keys)


def _require_inside(name: str, source: str) -> None:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts:
        raise ValueError(f"{source} names {name}, which would leave the folder; do not use it")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the exit code is 1 if training cannot start."""
    parser = argparse.ArgumentParser(prog="python -m serving.stage", description=__doc__)
    parser.add_argument("code", help="the bundle: file:///path/<name>.zip or s3://bucket/prefix/<name>.zip")
    parser.add_argument("digest", help="sha256:... of the bundle")
    parser.add_argument("folder", type=Path, help="where code/ and data/ go")
    parser.add_argument("--data", metavar="STORE", help="the data set: file:///path or s3://bucket/prefix")
    chosen = parser.parse_args(arguments)
    try:
        files = stage(chosen.code, chosen.digest, chosen.folder, chosen.data)
    except (ValueError, OSError, zipfile.BadZipFile) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"{chosen.digest} in {chosen.folder / 'code'}, {files} data files")
    return 0


if __name__ == "__main__":
    sys.exit(main())
