"""What the local stack chooses: the release that it trains and the Triton that answers with it."""

from __future__ import annotations

from itertools import combinations
from typing import Annotated, Literal, NamedTuple, Self

from pydantic import Field, model_validator

from infra.settings.group import Group, Port

__all__ = [
    "EdgeSettings",
    "GatewaySettings",
    "LocalSettings",
    "ReleaseSettings",
    "TritonPorts",
    "TritonSettings",
]

# More python-backend processes than this cost memory before they bring throughput.
MAX_INSTANCES = 64
MAX_COPIES = 8
# Between the ports of one copy and the same of the next.
PORT_STEP = 10


class TritonPorts(NamedTuple):
    """Where one copy listens."""

    http_port: int
    grpc_port: int
    metrics_port: int


class ReleaseSettings(Group):
    """What the served release is trained from; a change trains a new one."""

    recipe: Annotated[str, Field(min_length=1)]
    """A recipe of model/recipes.py: smoke (seconds), baseline (minutes), production."""
    source: Literal["completejourney", "sequences", "rees46", "table"]
    """The embedded year of groceries, S3-Rec's text format, a REES46 CSV, or any table with a mapping."""
    path: str = ""
    """The source's file, relative to the project's root; empty for completejourney, which brings its own."""
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
    """Where the training's random numbers start."""

    @model_validator(mode="after")
    def _path_fits_source(self) -> Self:
        if self.source == "completejourney" and self.path:
            raise ValueError(f'path is "{self.path}", but completejourney brings its own data; remove path')
        if self.source != "completejourney" and not self.path:
            raise ValueError(f'path is empty, but source "{self.source}" reads a file; name it in path')
        return self


class TritonSettings(Group):
    """Where the local Tritons listen, on loopback only, and how they use the cores."""

    http_port: Port
    """KServe v2 over HTTP."""
    grpc_port: Port
    """KServe v2 over gRPC."""
    metrics_port: Port
    """Prometheus metrics."""
    instances: Annotated[int, Field(ge=1, le=MAX_INSTANCES)] | None = None
    """Copies of each model in a server that answer at the same time; left out, those of all servers fill all cores."""
    threads: Annotated[int, Field(ge=1, le=MAX_INSTANCES)] = 1
    """Cores that one copy of a model uses."""
    copies: Annotated[int, Field(ge=1, le=MAX_COPIES)] = 2
    """Servers, so that one can end while the others answer; each has its ports 10 above those of the one before."""

    def servers(self) -> list[TritonPorts]:
        """The ports of each copy."""
        return [
            TritonPorts(self.http_port + step, self.grpc_port + step, self.metrics_port + step)
            for step in range(0, self.copies * PORT_STEP, PORT_STEP)
        ]

    @model_validator(mode="after")
    def _ports_differ(self) -> Self:
        ports = {"http-port": self.http_port, "grpc-port": self.grpc_port, "metrics-port": self.metrics_port}
        for key, port in ports.items():
            if twin := next((other for other in ports if other != key and ports[other] == port), None):
                raise ValueError(f"{twin} is {port}, as is {key}; choose three different ports")
        return self


class EdgeSettings(Group):
    """Where the edge listens, on loopback only."""

    port: Port
    """HTTPS and gRPC for callers with tokens."""
    inside_port: Port
    """HTTP and gRPC without tokens, for the gateway and what runs beside it."""
    metrics_port: Port
    """Readiness and Prometheus metrics."""


class GatewaySettings(Group):
    """Where the gateway listens, on loopback only; callers reach it through the edge."""

    port: Port
    """The domain API and the storefront."""


class LocalSettings(Group):
    """Everything on this machine: no cloud account, no Docker, no GPU."""

    kind: Literal["local"]
    """local: one machine; hybrid: OpenStack and AWS."""
    release: ReleaseSettings
    triton: TritonSettings
    edge: EdgeSettings
    gateway: GatewaySettings

    @model_validator(mode="after")
    def _ports_differ(self) -> Self:
        ports = {f"edge.{key}": port for key, port in self.edge.model_dump(by_alias=True).items()}
        ports["gateway.port"] = self.gateway.port
        for copy, server in enumerate(self.triton.servers(), start=1):
            for key, port in server._asdict().items():
                ports[f"triton.{key.replace('_', '-')} of copy {copy}"] = port
        for (key, port), (other, twin) in combinations(ports.items(), 2):
            if port == twin:
                raise ValueError(f"{key} is {port}, as is {other}; choose ports apart")
        return self
