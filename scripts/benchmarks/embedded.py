"""A Triton of the benchmarks' own, as the local stack ships it, and free ports."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from model.artifact import Artifact
from serving.deploy import deploy
from serving.model_config import TargetConfig
from serving.runtime import launcher
from serving.runtime.port import LOOPBACK
from serving.runtime.server import ServerConfig, ServerHandle, ServerPorts

__all__ = ["ENVIRONMENT", "embedded", "free_ports", "start_again"]

ENVIRONMENT = Path(__file__).parents[2] / ".rialto" / "environments" / "triton"


@contextmanager
def embedded(release: Artifact, folder: Path, certificates: Path | None = None) -> Iterator[ServerHandle]:
    """A server in a folder and on ports of its own, whose instances fill the cores; it ends with the block."""
    folder.mkdir(parents=True, exist_ok=True)
    # What a killed bench left.
    if left := ServerHandle.read(folder):
        launcher.stop(left)
    http, grpc, metrics = free_ports(3)
    ports = ServerPorts(http=http, grpc=grpc, metrics=metrics)
    config = ServerConfig(environment=ENVIRONMENT, folder=folder, ports=ports, certificates=certificates)
    try:
        yield _started(config, release)
    finally:
        # Not of necessity the first start; see `start_again`.
        if last := ServerHandle.read(folder):
            launcher.stop(last)


def start_again(killed: ServerHandle, release: Artifact, folder: Path, certificates: Path) -> ServerHandle:
    """The server of `folder`, which `embedded` started and something killed, on the same ports."""
    config = ServerConfig(
        environment=ENVIRONMENT, folder=folder, ports=killed.ports, certificates=certificates
    )
    return _started(config, release)


def _started(config: ServerConfig, release: Artifact) -> ServerHandle:
    handle = launcher.start(config)
    deploy(handle.control, config.repository, release, TargetConfig.embedded())
    return handle


def free_ports(count: int) -> list[int]:
    """Ports on loopback that nobody listened on a moment ago."""
    with ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind((LOOPBACK, 0))
        return [probe.getsockname()[1] for probe in probes]
