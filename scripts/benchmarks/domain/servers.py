"""What answers a shop: edge, gateway and Triton as they are shipped, and beside them what is compared with it."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Literal

from google.protobuf import text_format  # type: ignore[import-untyped]
from tritonclient.grpc import model_config_pb2 as pb

from model.artifact import Artifact
from model.signature import RECOMMEND
from scripts.benchmarks.embedded import embedded, free_ports
from scripts.benchmarks.load.target import ShopTarget, Target, TritonTarget
from scripts.benchmarks.peer.process import Worker
from serving.edge import launcher
from serving.edge.certificate import Authority, LeafConfig, issue
from serving.edge.config import (
    CLIENT_NAME,
    TRITON_NAME,
    EdgeConfig,
    GatewayUpstream,
    LimitConfig,
    TokenConfig,
    TritonUpstream,
)
from serving.edge.process import ADMIN_SOCKET, EdgeHandle
from serving.edge.signing import AUDIENCE, ISSUER, KeyRing
from serving.failure import ServerError
from serving.runtime.port import LOOPBACK
from serving.runtime.server import ServerHandle, ServerPorts

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
PROJECT = Path(__file__).parents[3]
TOKEN_HOURS = 4
# One caller is the whole world here; what one client may ask is not what is measured.
NO_LIMIT = 1_000_000


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
    files = _Files.fresh(folder)
    with ExitStack() as stack:
        began = time.monotonic()
        triton = stack.enter_context(embedded(release, folder / "triton", files.root / "triton"))
        ready_seconds = time.monotonic() - began
        unbatched = stack.enter_context(embedded(release, folder / "unbatched"))
        _without_batching(unbatched, folder / "unbatched")
        seeded = _seeded(release, folder / "seeded")

        def worker(kind: str, name: str) -> Worker:
            state = folder / f"{name}-state"
            shutil.rmtree(state, ignore_errors=True)
            shutil.copytree(seeded, state)
            program: list[str | Path] = ["scripts.benchmarks.peer.shop", kind, release.folder, state]
            started = Worker(program, folder / f"{name}.log")
            stack.callback(started.stop)
            return started

        def edge(name: str, upstream: Worker | None) -> EdgeConfig:
            return stack.enter_context(_edge(files, folder / name, triton.ports, upstream))

        # The gateway asks its Triton through the edge beside it, which therefore comes first, without outside.
        inside = edge("inside", None)
        gateways = {"shop": [worker(str(inside.inside_port), "shop")]}
        for kind in ("graph", "eager"):
            gateways[kind] = [worker(kind, f"{kind}-{number}") for number in range(1, WORKERS + 1)]
        for each in (each for group in gateways.values() for each in group):
            each.wait()
        outside = {
            kind: tuple(edge(f"{kind}-edge-{number}", each).port for number, each in enumerate(group, 1))
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


@dataclass(frozen=True)
class _Files:
    """Certificates and keys of all edges, in `root`."""

    root: Path
    ring: KeyRing
    token: str

    @classmethod
    def fresh(cls, folder: Path) -> _Files:
        root = folder / "certificates"
        shutil.rmtree(root, ignore_errors=True)
        root.mkdir(parents=True)
        authority = Authority.of(root / "authority")
        for name, leaf in (
            ("server", LeafConfig(names=("localhost",), purpose="server", loopback=True)),
            ("client", LeafConfig(names=(CLIENT_NAME,), purpose="client")),
            ("triton", LeafConfig(names=(TRITON_NAME,), purpose="server")),
        ):
            issue(authority, root / name, leaf)
        ring = KeyRing(root / "keys")
        ring.believed(ring.jwks())
        return cls(root, ring, ring.token("bench", ["recommend"], timedelta(hours=TOKEN_HOURS)))

    @property
    def authority(self) -> Path:
        return self.root / "authority" / "ca.crt"


@contextmanager
def _edge(files: _Files, folder: Path, triton: ServerPorts, upstream: Worker | None) -> Iterator[EdgeConfig]:
    if left := EdgeHandle.read(folder):
        launcher.stop(left)
    port, inside_port, metrics_port = free_ports(3)
    config = EdgeConfig(
        folder=str(folder),
        address=LOOPBACK,
        port=port,
        inside_port=inside_port,
        metrics_address=LOOPBACK,
        metrics_port=metrics_port,
        admin_socket=ADMIN_SOCKET,
        certificates=str(files.root / "server"),
        client_certificates=str(files.root / "client"),
        access_log=str(folder / "access.log"),
        tokens=TokenConfig(issuer=ISSUER, audience=AUDIENCE, jwks=files.ring.jwks()),
        tritons=[TritonUpstream(host=LOOPBACK, http_port=triton.http, grpc_port=triton.grpc)],
        gateway=GatewayUpstream(host=LOOPBACK, port=upstream.port) if upstream else None,
        outside=upstream is not None,
        limits=LimitConfig(subject_per_second=NO_LIMIT, address_per_second=NO_LIMIT),
    )
    handle = launcher.start(config)
    try:
        yield config
    finally:
        launcher.stop(handle)


def _without_batching(server: ServerHandle, folder: Path) -> None:
    """Load the same model once more, a request at a time."""
    file = folder / "models" / RECOMMEND.name / "config.pbtxt"
    config = text_format.Parse(file.read_text(), pb.ModelConfig())
    config.ClearField("dynamic_batching")
    file.write_text(text_format.MessageToString(config))
    server.control.load(RECOMMEND.name)


def _seeded(release: Artifact, folder: Path) -> Path:
    """A gateway's folder with the recorded histories, which every gateway gets a copy of."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o700)
    options: list[str | Path] = ["--release", release.folder, "--state", folder, "--as-if-now"]
    done = subprocess.run(
        [sys.executable, "-m", "serving.gateway.seed", *options],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise ServerError(done.stderr.strip().removeprefix("error: "))
    return folder
