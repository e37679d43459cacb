"""Who competes, and the servers that have to run for it."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from model.artifact import Artifact
from scripts.benchmarks.embedded import embedded
from scripts.benchmarks.load.target import BareTarget, HttpTarget, Target, TritonTarget
from scripts.benchmarks.peer.process import workers
from serving.runtime.port import LOOPBACK

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
        triton = stack.enter_context(embedded(release, folder / "triton"))
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


def _version(http_port: int) -> str:
    with closing(http.client.HTTPConnection(LOOPBACK, http_port, timeout=5)) as connection:
        connection.request("GET", "/v2")
        return str(json.loads(connection.getresponse().read())["version"])
