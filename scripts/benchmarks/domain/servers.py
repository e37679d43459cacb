"""What answers a shop: edge, gateway and Triton as they are shipped, and beside them what is compared with it."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from google.protobuf import text_format  # type: ignore[import-untyped]
from tritonclient.grpc import model_config_pb2 as pb

from model.artifact import Artifact
from model.signature import RECOMMEND
from scripts.benchmarks.domain.estate import Files, edge, seeded
from scripts.benchmarks.embedded import embedded
from scripts.benchmarks.load.target import ShopTarget, Target, TritonTarget
from scripts.benchmarks.peer.process import Worker
from serving.edge.config import EdgeConfig
from serving.runtime.server import ServerHandle

__all__ = ["NAMES", "SHOPS", "Key", "Servers", "running"]

Key = Literal["triton", "unbatched", "edge", "shop", "graph", "eager"]
# In this order in every round: what differs by one part stands side by side.
NAMES: Mapping[Key, str] = {
    "unbatched": "Triton INT8 without dynamic batching",
    "triton": "Triton INT8",
    "edge": "edge + Triton INT8",
    "shop": "edge + gateway + Triton INT8",
    "graph": "edge + gateway with onnxruntime INT8",
    "eager": "edge + gateway with PyTorch fp32",
}
# Those that are asked about users.
SHOPS: Sequence[Key] = ("shop", "graph", "eager")
WORKERS = 2


@dataclass(frozen=True)
class Servers:
    """Where each is asked; how long the product's Triton took until its models were ready, and that Triton itself."""

    targets: Mapping[Key, Target]
    ready_seconds: float
    triton: ServerHandle
    gateway_port: int


@contextmanager
def running(release: Artifact, folder: Path) -> Iterator[Servers]:
    """Start everything and wait for it; all ends with the block. Logs are in `folder`.

    ServerError or ValueError if something does not start.
    """
    files = Files.fresh(folder)
    with ExitStack() as stack:
        began = time.monotonic()
        triton = stack.enter_context(embedded(release, folder / "triton", files.root / "triton"))
        ready_seconds = time.monotonic() - began
        unbatched = stack.enter_context(embedded(release, folder / "unbatched"))
        _without_batching(unbatched, folder / "unbatched")
        histories = seeded(release, folder / "seeded")

        def worker(kind: str, name: str) -> Worker:
            state = folder / f"{name}-state"
            shutil.rmtree(state, ignore_errors=True)
            shutil.copytree(histories, state)
            program: list[str | Path] = ["scripts.benchmarks.peer.shop", kind, release.folder, state]
            started = Worker(program, folder / f"{name}.log")
            stack.callback(started.stop)
            return started

        def edge_before(upstream: Worker | None, name: str) -> EdgeConfig:
            return stack.enter_context(edge(files, folder / name, [triton.ports], upstream))

        # The gateway asks its Triton through the edge beside it, which therefore comes first, without outside.
        inside = edge_before(None, "inside")
        gateways = {"shop": [worker(str(inside.inside_port), "shop")]}
        for kind in ("graph", "eager"):
            gateways[kind] = [worker(kind, f"{kind}-{number}") for number in range(1, WORKERS + 1)]
        for each in (each for group in gateways.values() for each in group):
            each.wait()
        outside = {
            kind: tuple(
                edge_before(each, f"{kind}-edge-{number}").port for number, each in enumerate(group, 1)
            )
            for kind, group in gateways.items()
        }
        longest = release.manifest.max_history
        targets: dict[Key, Target] = {
            "unbatched": TritonTarget(unbatched.ports.http, longest),
            "triton": TritonTarget(triton.ports.http, longest),
            "edge": TritonTarget(inside.inside_port, longest),
        }
        for key in SHOPS:
            targets[key] = ShopTarget(outside[key], files.authority, files.token)
        yield Servers(targets, ready_seconds, triton, gateways["shop"][0].port)


def _without_batching(server: ServerHandle, folder: Path) -> None:
    """Load the same model once more, a request at a time."""
    file = folder / "models" / RECOMMEND.name / "config.pbtxt"
    config = text_format.Parse(file.read_text(), pb.ModelConfig())
    config.ClearField("dynamic_batching")
    file.write_text(text_format.MessageToString(config))
    server.control.load(RECOMMEND.name)
