"""A real Envoy on loopback as a Pulumi resource: what callers of the local stack talk to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
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
    UpdateResult,
)

from infra.local import edge_process
from infra.local.certificates import Certificates
from infra.settings.local import EdgeSettings, TritonPorts
from infra.wire import whole
from serving.edge.process import ports
from serving.runtime.port import require_free

__all__ = ["Edge", "EdgeArgs"]

_PORTS = ("port", "inside_port", "metrics_port")
# A process keeps these for life; the rest it takes while it answers.
_BORN_WITH = (*_PORTS, "bootstrap")


class _EdgeProvider(ResourceProvider):
    """Holds nothing, so that its blob in the state is only its name and never changes."""

    serialize_as_secret_always = False

    def check(self, olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        """Add digests of the configuration, and refuse a taken port before anything is made."""
        olds, news = whole(olds), whole(news)
        running = edge_process.running(news)
        ours = {olds.get(key) for key in _PORTS} | set(running.ports.values() if running else ())
        wanted = ports(edge_process.config_of(news))
        try:
            require_free({f"edge.{key}": port for key, port in wanted.items() if port not in ours})
        except ValueError as error:
            return CheckResult(news, [CheckFailure("", str(error))])
        digests = {
            "bootstrap": edge_process.bootstrap_digest(news),
            "configuration": edge_process.configuration_digest(news),
        }
        return CheckResult({**news, **digests}, [])

    def diff(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> DiffResult:
        """Another edge for what a process is born with, started first where no port is in the way."""
        replaces = [key for key in _BORN_WITH if olds[key] != news[key]]
        shared = {olds[key] for key in _PORTS} & {news[key] for key in _PORTS}
        return DiffResult(
            changes=bool(replaces) or olds["configuration"] != news["configuration"],
            replaces=replaces,
            delete_before_replace=bool(shared),
        )

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Start it; whatever goes wrong, no process stays."""
        props = whole(props)
        return CreateResult(f"edge-{props['port']}", edge_process.start(props))

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        """Look at the process: a dead one is gone."""
        props = whole(props)
        handle = edge_process.running(props)
        return ReadResult(id_, {**props, "process": asdict(handle)}) if handle else ReadResult(None, {})

    def update(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> UpdateResult:
        """Have it take what is new while it answers; one that has died is started again."""
        olds, news = whole(olds), whole(news)
        handle = edge_process.running(olds)
        if handle is None:
            return UpdateResult(edge_process.start({**news, "process": olds["process"]}))
        return UpdateResult(edge_process.change(news, handle))

    def delete(self, _id: str, props: dict[str, Any]) -> None:
        """End exactly this process and remove its files."""
        edge_process.remove(whole(props))


@dataclass(frozen=True, kw_only=True)
class EdgeArgs:
    """Where it listens, who answers behind it, and what it shows."""

    settings: EdgeSettings
    tritons: Sequence[TritonPorts]
    gateway_port: int
    certificates: Certificates
    folder: str


class Edge(Resource, module="local", name="Edge"):
    """One edge; `health` is "ready" once it answers."""

    health: pulumi.Output[str]

    def __init__(self, name: str, args: EdgeArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        tritons = [{"http_port": each.http_port, "grpc_port": each.grpc_port} for each in args.tritons]
        wired = {
            "tritons": tritons,
            "gateway_port": args.gateway_port,
            "authority": args.certificates.authority,
            "folder": args.folder,
        }
        computed = {"health": None, "process": None}
        super().__init__(_EdgeProvider(), name, {**args.settings.model_dump(), **wired, **computed}, opts)
