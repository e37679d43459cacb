"""The local environment as one component: a release, and the Triton server that answers with it."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from infra.local.release import Release
from infra.local.triton import TritonServer
from infra.settings.local import ReleaseSettings, TritonSettings
from serving.runtime.port import LOOPBACK

__all__ = ["LocalInference", "LocalInferenceArgs"]


@dataclass(frozen=True, kw_only=True)
class LocalInferenceArgs:
    """What a person chose, and the folder (relative to the project) that this stack may write."""

    release: ReleaseSettings
    triton: TritonSettings
    folder: str


class LocalInference(pulumi.ComponentResource):
    """Trains or reuses one release and serves it on loopback."""

    endpoints: pulumi.Output[dict[str, str]]
    release: pulumi.Output[str]
    quality: pulumi.Output[str]
    health: pulumi.Output[str]

    def __init__(
        self, name: str, args: LocalInferenceArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("rialto:local:LocalInference", name, None, opts)
        inside = pulumi.ResourceOptions(parent=self)
        release = Release(f"{name}-release", args.release, args.folder, opts=inside)
        server = TritonServer(f"{name}-triton", args.triton, release, args.folder, opts=inside)
        self.endpoints = pulumi.Output.from_input(_endpoints(args.triton))
        self.release = release.digest
        self.quality = pulumi.Output.from_input(f"{args.folder}/release/quality.md")
        self.health = server.health
        self.register_outputs(
            {
                "endpoints": self.endpoints,
                "release": self.release,
                "quality": self.quality,
                "health": self.health,
            }
        )


def _endpoints(triton: TritonSettings) -> dict[str, str]:
    return {
        "http": f"http://{LOOPBACK}:{triton.http_port}",
        "grpc": f"{LOOPBACK}:{triton.grpc_port}",
        "metrics": f"http://{LOOPBACK}:{triton.metrics_port}/metrics",
    }
