"""A trained and gated release as a Pulumi resource: unchanged inputs reuse it, changed ones train anew."""

from __future__ import annotations

from typing import Any

import pulumi
from pulumi.dynamic import (
    CheckFailure,
    CheckResult,
    CreateResult,
    DiffResult,
    ReadResult,
    Resource,
    ResourceProvider,
)

from infra.local.build import build
from infra.local.folder import PROJECT
from infra.local.progress import progress
from infra.settings.local import ReleaseSettings
from infra.wire import whole
from model.artifact import Artifact, release_store
from model.inputs import ReleaseConfig, release_inputs

__all__ = ["Release"]

# These say where to read and write. All else is what a release is made from: the same data from another path
# trains the same release.
_PLACES = {"source", "path", "folder", "__provider"}


class _ReleaseProvider(ResourceProvider):
    """Holds nothing, so that its blob in the state is only its name and never changes."""

    serialize_as_secret_always = False

    def check(self, _olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        """Add the digests of data and code, so that a preview shows what has changed."""
        news = whole(news)
        try:
            made_from = release_inputs(_config(news))
        except (ValueError, OSError) as error:
            return CheckResult(news, [CheckFailure("", str(error))])
        return CheckResult({**made_from, **news}, [])

    def diff(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> DiffResult:
        """A release is replaced, never changed; the old one stays until the new one is served."""
        changed = [key for key in news if key not in _PLACES and olds.get(key) != news[key]]
        return DiffResult(changes=bool(changed), replaces=changed, delete_before_replace=False)

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Train and gate it, or take it from the store."""
        props = whole(props)
        with progress() as show:
            artifact = build(_config(props), PROJECT / props["folder"] / "release.log", show)
        outs = {**props, "digest": artifact.digest, "build": artifact.folder.name}
        return CreateResult(artifact.digest, outs)

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        """A release whose folder is missing or damaged is gone: the next update builds it again."""
        try:
            present = Artifact.load(release_store() / props["build"]).digest == id_
        except ValueError:
            present = False
        return ReadResult(id_, props) if present else ReadResult(None, {})

    def delete(self, _id: str, _props: dict[str, Any]) -> None:
        """Leave the folder in the store: whoever asks for the same inputs again gets it without training."""


def _config(props: dict[str, Any]) -> ReleaseConfig:
    # A provider runs in infra/; people name files from the project's root.
    path = str(PROJECT / props["path"]) if props["path"] else ""
    return ReleaseConfig(recipe=props["recipe"], source=props["source"], path=path, seed=props["seed"])


class Release(Resource, module="local", name="Release"):
    """One release in this user's store: its digest, and `build`, the name of its folder there."""

    digest: pulumi.Output[str]
    build: pulumi.Output[str]

    def __init__(
        self, name: str, settings: ReleaseSettings, folder: str, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        chosen = settings.model_dump()
        computed = {"digest": None, "build": None}
        super().__init__(_ReleaseProvider(), name, {**chosen, "folder": folder, **computed}, opts)
