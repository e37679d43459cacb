"""What the local stack chooses: the release that it trains and the Triton that answers with it."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from infra.settings.group import Group, Port

__all__ = ["LocalSettings", "ReleaseSettings", "TritonSettings"]

# More python-backend processes than this cost memory before they bring throughput.
MAX_INSTANCES = 64


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
    """Where the local Triton listens, on loopback only, and how it uses the cores."""

    http_port: Port
    """KServe v2 over HTTP."""
    grpc_port: Port
    """KServe v2 over gRPC."""
    metrics_port: Port
    """Prometheus metrics."""
    instances: Annotated[int, Field(ge=1, le=MAX_INSTANCES)] | None = None
    """Copies of each model that answer at the same time; left out, they fill all cores."""
    threads: Annotated[int, Field(ge=1, le=MAX_INSTANCES)] = 1
    """Cores that one copy of a model uses."""

    @model_validator(mode="after")
    def _ports_differ(self) -> Self:
        ports = {"http-port": self.http_port, "grpc-port": self.grpc_port, "metrics-port": self.metrics_port}
        for key, port in ports.items():
            if twin := next((other for other in ports if other != key and ports[other] == port), None):
                raise ValueError(f"{twin} is {port}, as is {key}; choose three different ports")
        return self


class LocalSettings(Group):
    """Everything on this machine: no cloud account, no Docker, no GPU."""

    kind: Literal["local"]
    """local: one machine; hybrid: OpenStack and AWS."""
    release: ReleaseSettings
    triton: TritonSettings
