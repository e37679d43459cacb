"""The local environment as one component: a release, the Tritons that answer with it, the edge and the gateway."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from infra.local.certificates import Certificates
from infra.local.edge import Edge, EdgeArgs
from infra.local.gateway import Gateway, GatewayArgs
from infra.local.release import Release
from infra.local.triton import TritonServer, TritonServerArgs
from infra.settings.local import LocalSettings, TritonPorts
from serving.runtime.port import LOOPBACK

__all__ = ["LocalInference", "LocalInferenceArgs"]


@dataclass(frozen=True, kw_only=True)
class LocalInferenceArgs:
    """What a person chose, and the folder (relative to the project) that this stack may write."""

    settings: LocalSettings
    folder: str


class LocalInference(pulumi.ComponentResource):
    """Trains or reuses one release and serves it on loopback, with tokens and under TLS."""

    endpoints: pulumi.Output[dict[str, str]]
    release: pulumi.Output[str]
    quality: pulumi.Output[str]
    health: pulumi.Output[str]

    def __init__(
        self, name: str, args: LocalInferenceArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("rialto:local:LocalInference", name, None, opts)
        self._inside = pulumi.ResourceOptions(parent=self)
        settings = args.settings
        release = Release(f"{name}-release", settings.release, args.folder, opts=self._inside)
        certificates = Certificates(f"{name}-certificates", args.folder, opts=self._inside)
        servers: list[TritonServer] = []
        for suffix, ports in _named(settings.triton.servers()).items():
            servers.append(
                self._triton(f"{name}-triton{suffix}", args, ports, release, certificates, after=servers)
            )
        edge = self._edge(name, args, certificates, servers)
        gateway = self._gateway(name, args, edge)
        self.endpoints = pulumi.Output.from_input(_endpoints(settings))
        self.release = release.digest
        self.quality = pulumi.Output.from_input(f"{args.folder}/release/quality.md")
        health = [*(server.health for server in servers), edge.health, gateway.health]
        self.health = pulumi.Output.all(*health).apply(_worst)
        self.register_outputs(
            {
                "endpoints": self.endpoints,
                "release": self.release,
                "quality": self.quality,
                "health": self.health,
            }
        )

    def _triton(
        self,
        name: str,
        args: LocalInferenceArgs,
        ports: TritonPorts,
        release: Release,
        certificates: Certificates,
        after: list[TritonServer],
    ) -> TritonServer:
        """One server, which changes after those before it have: what one of them refuses, the others never meet."""
        server = TritonServerArgs(
            settings=args.settings.triton,
            ports=ports,
            release=release,
            certificates=certificates,
            folder=args.folder,
        )
        opts = pulumi.ResourceOptions(parent=self, depends_on=list(after))
        return TritonServer(name, server, opts=opts)

    def _edge(
        self, name: str, args: LocalInferenceArgs, certificates: Certificates, servers: list[TritonServer]
    ) -> Edge:
        chosen = EdgeArgs(
            settings=args.settings.edge,
            tritons=args.settings.triton.servers(),
            gateway_port=args.settings.gateway.port,
            certificates=certificates,
            folder=args.folder,
        )
        return Edge(f"{name}-edge", chosen, opts=pulumi.ResourceOptions(parent=self, depends_on=servers))

    def _gateway(self, name: str, args: LocalInferenceArgs, edge: Edge) -> Gateway:
        chosen = GatewayArgs(
            settings=args.settings.gateway,
            inside_port=args.settings.edge.inside_port,
            edge=edge,
            folder=args.folder,
        )
        return Gateway(f"{name}-gateway", chosen, opts=self._inside)


def _named(servers: list[TritonPorts]) -> dict[str, TritonPorts]:
    """Each server by what its name ends in: its place, so that other ports are the same server moved."""
    first, *others = servers
    return {"": first} | {f"-{place}": ports for place, ports in enumerate(others, 2)}


def _worst(health: list[str]) -> str:
    return next((each for each in health if each != "ready"), "ready")


def _endpoints(settings: LocalSettings) -> dict[str, str]:
    edge = settings.edge
    return {
        "api": f"https://localhost:{edge.port}",
        "grpc": f"localhost:{edge.port}",
        "inside": f"{LOOPBACK}:{edge.inside_port}",
        "metrics": f"http://{LOOPBACK}:{edge.metrics_port}/stats/prometheus",
    }
