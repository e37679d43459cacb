"""Which release Triton answers with, and the catalogue that its indices mean."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from model.artifact import MANIFEST, Manifest, release_store, sha256_of
from model.signature import RECOMMEND
from serving.async_transport import Inference
from serving.catalogue import Catalogue
from serving.failure import ServerError
from serving.gateway.popular import Popular
from serving.gateway.search.lexical import LexicalIndex
from serving.gateway.search.semantic import SemanticIndex, encoder_of
from serving.request import Tensors
from serving.served import ServedRelease

__all__ = ["STORE", "Release", "Releases", "Tritons", "open_release"]

# What `--release` says for "any release in this user's store": the one that Triton serves is looked up there.
STORE = "store"
CONFIG_SECONDS = 1.0
# Servers may number one release differently, and whoever balances chooses which of them is asked.
SERVERS_ASKED = 4


class Tritons(Protocol):
    """The servers behind the gateway; `AsyncGrpcTransport` is one."""

    async def infer(self, model: str, inputs: Tensors, seconds: float) -> Inference:
        """Every output of one request; ServerError if there is none within `seconds`."""

    async def config(self, model: str, seconds: float) -> Any:  # noqa: ANN401 - Triton's ModelConfig message
        """The configuration of a model that is served; ServerError if there is none within `seconds`."""

    async def close(self) -> None:
        """Give the connections back."""


@dataclass(frozen=True)
class Release:
    """One release as the gateway uses it; releases of one `items` digest share their catalogue indices."""

    digest: str
    items: str
    max_history: int
    catalogue: Catalogue
    popular: Popular
    lexical: LexicalIndex
    semantic: SemanticIndex | None


def open_release(folder: Path, known: Release | None = None) -> Release:
    """Read a release's tables, verified; ValueError if something is wrong.

    One that has the items of `known`, as after training again on the same data, takes its tables from there.
    """
    if not (folder / MANIFEST).is_file():
        raise ValueError(f"{folder} has no {MANIFEST}; name the folder of a release")
    manifest = Manifest(**json.loads((folder / MANIFEST).read_text()))
    items, max_history = manifest.files["items.parquet"], manifest.max_history
    if known and known.items == items:
        same = encoder_of(manifest) == (known.semantic.made_of if known.semantic else None)
        semantic = known.semantic if same else SemanticIndex.of(folder, manifest, known.catalogue)
        return replace(known, digest=_digest_of(folder), max_history=max_history, semantic=semantic)
    catalogue = Catalogue.load(folder)
    popular, lexical = Popular.of(catalogue), LexicalIndex.of(catalogue)
    semantic = SemanticIndex.of(folder, manifest, catalogue)
    return Release(catalogue.digest, items, max_history, catalogue, popular, lexical, semantic)


class Releases:
    """Follows what Triton serves. `place` is a release's folder (or a link that leads to one), or `STORE`."""

    def __init__(self, tritons: Tritons, place: str, first: Release) -> None:
        self._tritons = tritons
        self._place = place
        self._versions: dict[int, Release] = {}
        self._one_at_a_time = asyncio.Lock()
        self.current = first

    @classmethod
    async def follow(cls, tritons: Tritons, place: str) -> Releases:
        """Begin with what Triton serves; where it does not answer yet, with the folder.

        ValueError if neither says which release it is, or if it is not there.
        """
        try:
            digest, version = await _served(tritons)
        except ServerError as error:
            if place == STORE:
                raise ValueError(f"{error}; start it first, or name the folder of a release") from error
            return cls(tritons, place, await asyncio.to_thread(open_release, Path(place)))
        if place == STORE or _digest_of(Path(place)) == digest:
            releases = cls(tritons, place, await asyncio.to_thread(open_release, _found(place, digest)))
            releases._versions[version] = releases.current
            return releases
        # Another one than is here, as while a cluster changes its release: it may be ours soon.
        return cls(tritons, place, await asyncio.to_thread(open_release, Path(place)))

    async def refresh(self) -> None:
        """Ask Triton what it serves now, and take that over; ServerError or ValueError if that cannot be."""
        async with self._one_at_a_time:
            digest, version = await _served(self._tritons)
            if self._versions.get(version) and self._versions[version].digest == digest:
                self.current = self._versions[version]
                return
            if digest != self.current.digest:
                # Until it is here, nobody knows what its indices mean.
                self._versions.pop(version, None)
                folder = _found(self._place, digest)
                self.current = await asyncio.to_thread(open_release, folder, self.current)
            self._versions[version] = self.current

    async def answered(self, asked: Release, version: int) -> Release:
        """The release behind an answer of a model's `version`.

        ServerError if its indices mean other items than those of `asked`, with which the question was written.
        """
        for _ in range(SERVERS_ASKED):
            if version in self._versions:
                break
            try:
                await self.refresh()
            except ValueError as error:
                raise ServerError(f"Triton serves a release that is not here: {error}") from error
        release = self._versions.get(version)
        if release is None or release.items != asked.items:
            raise ServerError(f"version {version} has another catalogue than release {asked.digest}")
        return release


async def _served(tritons: Tritons) -> tuple[str, int]:
    config = await tritons.config(RECOMMEND.name, CONFIG_SECONDS)
    parameters = {name: value.string_value for name, value in config.parameters.items()}
    return ServedRelease.of(parameters).digest, int(config.version_policy.specific.versions[0])


def _found(place: str, digest: str) -> Path:
    """The folder of the release `digest`; ValueError if it is not at `place`."""
    for folder in _candidates(place):
        if _digest_of(folder) == digest:
            return folder
    raise ValueError(
        f"Triton serves release {digest}, which is not in {place}; name the folder that holds it"
    )


def _digest_of(folder: Path) -> str:
    file = folder / MANIFEST
    return f"sha256:{sha256_of(file)}" if file.is_file() else "none"


def _candidates(place: str) -> Iterator[Path]:
    if place != STORE:
        yield Path(place)
        return
    # A name with a dot is a release that is being built.
    yield from (folder for folder in release_store().glob("*") if not folder.name.startswith("."))
