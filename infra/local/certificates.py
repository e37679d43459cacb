"""The certificates of the local stack as a Pulumi resource: an authority, and what edge and Triton show."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pulumi
from cryptography.hazmat.primitives import hashes
from pulumi.dynamic import CreateResult, DiffResult, ReadResult, Resource, ResourceProvider, UpdateResult

from infra.local.folder import PROJECT
from infra.wire import whole
from serving.edge.certificate import AUTHORITY_DAYS, Authority, LeafConfig, due, issue
from serving.edge.config import CLIENT_NAME, TRITON_NAME

__all__ = ["LEAVES", "Certificates", "certificate_folder"]

# By their folders. Triton reads its own when it starts only, so that one lasts.
LEAVES = {
    "server": LeafConfig(names=("localhost",), purpose="server", loopback=True),
    "client": LeafConfig(names=(CLIENT_NAME,), purpose="client"),
    "triton": LeafConfig(names=(TRITON_NAME,), purpose="server", days=AUTHORITY_DAYS - 1),
}


class _CertificatesProvider(ResourceProvider):
    """Holds nothing, so that its blob in the state is only its name and never changes."""

    serialize_as_secret_always = False

    def diff(self, _id: str, olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        """What is due is renewed; the authority stays."""
        return DiffResult(changes=bool(olds["due"]))

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Make the authority, or take the one that is there, and every certificate that is due."""
        outs = _renewed(whole(props))
        return CreateResult(outs["authority"], outs)

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        """An authority that is missing or another one is gone; certificates that are due are named."""
        root = _root(props)
        try:
            present = root.exists() and _fingerprint(Authority.of(root / "authority")) == id_
        except ValueError:
            present = False
        return ReadResult(id_, {**props, "due": _due(root)}) if present else ReadResult(None, {})

    def update(self, _id: str, _olds: dict[str, Any], news: dict[str, Any]) -> UpdateResult:
        """Renew what is due; the edge reads it without being told."""
        return UpdateResult(_renewed(whole(news)))

    def delete(self, _id: str, props: dict[str, Any]) -> None:
        """Forget all keys."""
        shutil.rmtree(_root(props), ignore_errors=True)


def certificate_folder(props: dict[str, Any], name: str) -> Path:
    """Where the certificate called `name` of a stack lies; absolute, since other programs read it."""
    return _root(props) / name


def _root(props: dict[str, Any]) -> Path:
    return PROJECT / str(props["folder"]) / "certificates"


def _renewed(props: dict[str, Any]) -> dict[str, Any]:
    root = _root(props)
    authority = Authority.of(root / "authority")
    for name in _due(root):
        issue(authority, root / name, LEAVES[name])
    return {**props, "authority": _fingerprint(authority), "due": []}


def _due(root: Path) -> list[str]:
    authority = Authority.of(root / "authority")
    return [name for name in LEAVES if due(authority, root / name)]


def _fingerprint(authority: Authority) -> str:
    return authority.certificate.fingerprint(hashes.SHA256()).hex()


class Certificates(Resource, module="local", name="Certificates"):
    """Certificates of this machine; `authority` is the SHA-256 of the authority's own."""

    authority: pulumi.Output[str]

    def __init__(self, name: str, folder: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(
            _CertificatesProvider(), name, {"folder": folder, "authority": None, "due": None}, opts
        )
