"""The gateway as a Pulumi resource: the domain API and the storefront, on loopback behind the edge."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from pathlib import Path
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

import serving
from infra.local import gateway_process
from infra.local.edge import Edge
from infra.settings.local import GatewaySettings
from infra.wire import whole
from serving.runtime.port import require_free

__all__ = ["Gateway", "GatewayArgs"]

_CODE = Path(serving.__file__).parent


class _GatewayProvider(ResourceProvider):
    """Holds nothing, so that its blob in the state is only its name and never changes."""

    serialize_as_secret_always = False

    def check(self, olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        """Add a digest of its code, and refuse a taken port before anything is made."""
        olds, news = whole(olds), whole(news)
        running = gateway_process.running(news)
        ours = {olds.get("port"), *(running.ports.values() if running else ())}
        try:
            require_free({"gateway.port": news["port"]} if news["port"] not in ours else {})
        except ValueError as error:
            return CheckResult(news, [CheckFailure("", str(error))])
        return CheckResult({**news, "code": _code()}, [])

    def diff(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> DiffResult:
        """Another process for other code or ports; the old one ends first, since both write one state."""
        replaces = [key for key in ("port", "inside_port", "code") if olds[key] != news[key]]
        return DiffResult(changes=bool(replaces), replaces=replaces, delete_before_replace=True)

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Start it; whatever goes wrong, no process stays."""
        props = whole(props)
        return CreateResult(f"gateway-{props['port']}", gateway_process.start(props))

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        """Look at the process: a dead one is gone."""
        props = whole(props)
        note = gateway_process.running(props)
        return ReadResult(id_, {**props, "process": asdict(note)}) if note else ReadResult(None, {})

    def delete(self, _id: str, props: dict[str, Any]) -> None:
        """End exactly this process."""
        gateway_process.remove(whole(props))


def _code() -> str:
    files = sorted(
        path for path in _CODE.rglob("*") if path.suffix in {".py", ".html", ".css", ".js", ".svg"}
    )
    ours = [path for path in files if path.parent == _CODE or "gateway" in path.parts]
    return hashlib.sha256(b"".join(path.read_bytes() for path in ours)).hexdigest()[:12]


@dataclass(frozen=True, kw_only=True)
class GatewayArgs:
    """Where it listens, and the edge through which it asks the models."""

    settings: GatewaySettings
    inside_port: int
    edge: Edge
    folder: str


class Gateway(Resource, module="local", name="Gateway"):
    """One gateway; `health` is "ready" once it answers."""

    health: pulumi.Output[str]

    def __init__(self, name: str, args: GatewayArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        wired = {"inside_port": args.inside_port, "folder": args.folder}
        computed = {"health": None, "process": None}
        # It learns from the models which release is served, so it starts after who leads to them.
        after = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[args.edge]))
        super().__init__(_GatewayProvider(), name, {**args.settings.model_dump(), **wired, **computed}, after)
