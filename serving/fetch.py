"""Brings one published release, proven by its digest, into a model repository: Triton's init container runs it.

`python -m serving.fetch <store> <sha256:digest> <model repository> --device gpu --instances 2`
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Collection, Sequence
from pathlib import Path

from model.signature import served_models
from serving.model_config import TargetConfig
from serving.published import Published
from serving.repository import add_version, served_configs

__all__ = ["fetch"]


def fetch(store: str, digest: str, repository: Path, target: TargetConfig) -> int:
    """Add the release `digest` of `store` to `repository` and return its version number.

    Nothing reaches the repository before every byte of it is proven: the manifest by `digest`, the files by the
    manifest. ValueError if something is not what it should be, StoreError if it cannot be read.
    """
    published = Published.find(store, digest)
    with tempfile.TemporaryDirectory() as scratch:
        return add_version(repository, published.bring(Path(scratch), _served_files), target)


def _served_files(files: Collection[str]) -> list[str]:
    """What Triton needs of a release with these files; its tables and weights stay in the store."""
    return [f"{model}.onnx" for model in served_models(files)]


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
    models = ", ".join(served_configs(chosen.repository))
    print(f"{chosen.digest} is version {version} of {models} in {chosen.repository}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
