"""Brings one published release, proven by its digest, into a model repository: Triton's init container runs it.

`python -m serving.fetch <store> <sha256:digest> <model repository> --device gpu --instances 2`
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from model.artifact import MANIFEST, Artifact, Manifest, sha256_of
from model.signature import MODELS
from serving.model_config import TargetConfig
from serving.repository import add_version
from serving.store import Store, open_store

__all__ = ["fetch"]

# What Triton needs of a release; its tables and weights stay in the store.
SERVED_FILES = tuple(f"{model}.onnx" for model in MODELS)


def fetch(store: str, digest: str, repository: Path, target: TargetConfig) -> int:
    """Add the release `digest` of `store` to `repository` and return its version number.

    Nothing reaches the repository before every byte of it is proven: the manifest by `digest`, the files by the
    manifest. ValueError if something is not what it should be, StoreError if it cannot be read.
    """
    if not re.fullmatch(r"sha256:[0-9a-f]{64}", digest):
        raise ValueError(f'digest is "{digest}"; it must be sha256: and 64 hexadecimal digits')
    place = open_store(store).below(digest.replace(":", "/"))
    with tempfile.TemporaryDirectory() as scratch:
        release = Artifact(Path(scratch), _manifest(place, digest, Path(scratch)))
        for name in SERVED_FILES:
            _file(place, name, release)
        return add_version(repository, release, target)


def _manifest(place: Store, digest: str, folder: Path) -> Manifest:
    file = folder / MANIFEST
    place.fetch(MANIFEST, file)
    if (actual := f"sha256:{sha256_of(file)}") != digest:
        raise ValueError(
            f"{place.uri}/{MANIFEST} has the digest {actual}, not the one it lies under; do not serve it"
        )
    try:
        return Manifest(**json.loads(file.read_text()))
    except TypeError as error:
        raise ValueError(
            f"{place.uri}/{MANIFEST} is of another version of this program ({error}); fetch it with that version"
        ) from error


def _file(place: Store, name: str, release: Artifact) -> None:
    if name not in release.manifest.files:
        raise ValueError(f"{place.uri} has no {name}, which Triton serves; publish a release that has it")
    file = release.folder / name
    place.fetch(name, file)
    if (actual := sha256_of(file)) != release.manifest.files[name]:
        raise ValueError(
            f"{place.uri}/{name} has the digest sha256:{actual}, its manifest says "
            f"sha256:{release.manifest.files[name]}; do not serve it"
        )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the exit code is 1 if the repository is as it was."""
    parser = argparse.ArgumentParser(prog="python -m serving.fetch", description=__doc__)
    parser.add_argument("store", help="file:///path or s3://bucket/prefix")
    parser.add_argument("digest", help="sha256:... of the release")
    parser.add_argument("repository", type=Path, help="Triton's model repository")
    parser.add_argument("--device", choices=("cpu", "gpu"), required=True)
    parser.add_argument(
        "--instances", type=int, required=True, help="copies of each model, on each GPU if there are any"
    )
    parser.add_argument("--threads", type=int, default=1, help="cores that one copy uses (1)")
    chosen = parser.parse_args(arguments)
    target = TargetConfig.production(device=chosen.device, instances=chosen.instances, threads=chosen.threads)
    try:
        version = fetch(chosen.store, chosen.digest, chosen.repository, target)
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"{chosen.digest} is version {version} of {', '.join(MODELS)} in {chosen.repository}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
