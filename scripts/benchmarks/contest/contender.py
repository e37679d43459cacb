"""Who competes, and the servers that have to run for it."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from model.artifact import Artifact
from scripts.benchmarks.load.target import BareTarget, HttpTarget, Target, TritonTarget
from scripts.benchmarks.peer.process import workers
from serving.deploy import deploy
from serving.model_config import TargetConfig
from serving.runtime import launcher
from serving.runtime.port import LOOPBACK
from serving.runtime.server import ServerConfig, ServerHandle, ServerPorts

__all__ = ["NAMES", "Contenders", "Key", "running"]

Key = Literal["bare", "triton", "graph", "eager"]
# In this order in every round. The bare graph stands beside Triton, whose overhead is told from it.
NAMES: Mapping[Key, str] = {
    "bare": "bare onnxruntime INT8",
    "triton": "Triton INT8",
    "graph": "FastAPI + onnxruntime INT8",
    "eager": "FastAPI + PyTorch fp32",
}
WORKERS = 2
ENVIRONMENT = Path(__file__).parents[3] / ".rialto" / "environments" / "triton"


@dataclass(frozen=True)
class Contenders:
    """Where each one is asked, and the version of the Triton that answers."""

    targets: Mapping[Key, Target]
    triton_version: str


@contextmanager
def running(release: Artifact, folder: Path) -> Iterator[Contenders]:
    """Start every server and wait for it; they end with the block. Logs are in `folder`.

    ServerError or ValueError if one does not start.
    """
    with ExitStack() as stack:
        peers = {
            kind: stack.enter_context(workers(kind, release.folder, WORKERS, folder))
            for kind in ("graph", "eager")
        }
        triton = stack.enter_context(_triton(release, folder / "triton"))
        for started in peers.values():
            for worker in started:
                worker.wait()
        graph, eager = (
            HttpTarget(tuple(worker.port for worker in peers[kind])) for kind in ("graph", "eager")
        )
        targets: Mapping[Key, Target] = {
            "bare": BareTarget(release.file("recommend.onnx")),
            "triton": TritonTarget(triton.ports.http, release.manifest.max_history),
            "graph": graph,
            "eager": eager,
        }
        yield Contenders(targets, _version(triton.ports.http))


@contextmanager
def _triton(release: Artifact, folder: Path) -> Iterator[ServerHandle]:
    """The embedded server as the local stack ships it, in a folder and on ports of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    # What a killed bench left.
    if left := ServerHandle.read(folder):
        launcher.stop(left)
    config = ServerConfig(environment=ENVIRONMENT, folder=folder, ports=_free_ports())
    handle = launcher.start(config)
    try:
        deploy(handle.control, config.repository, release, TargetConfig.embedded())
        yield handle
    finally:
        launcher.stop(handle)


def _free_ports() -> ServerPorts:
    with ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(3)]
        for probe in probes:
            probe.bind((LOOPBACK, 0))
        http_port, grpc_port, metrics_port = (probe.getsockname()[1] for probe in probes)
    return ServerPorts(http=http_port, grpc=grpc_port, metrics=metrics_port)


def _version(http_port: int) -> str:
    with closing(http.client.HTTPConnection(LOOPBACK, http_port, timeout=5)) as connection:
        connection.request("GET", "/v2")
        return str(json.loads(connection.getresponse().read())["version"])
