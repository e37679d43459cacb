"""The parts that benchmarks of a whole shop are made of: certificates and keys, an edge, a gateway's histories."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from model.artifact import Artifact
from scripts.benchmarks.embedded import free_ports
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
from serving.runtime.server import ServerPorts

__all__ = ["Files", "cache_hits", "edge", "seeded"]

PROJECT = Path(__file__).parents[3]
TOKEN_HOURS = 4
# One caller is the whole world here; what one client may ask is not what is measured.
NO_LIMIT = 1_000_000
HITS = re.compile(r'^rialto_gateway_cache_total\{result="hit"\} (\S+)$', re.MULTILINE)


@dataclass(frozen=True)
class Files:
    """Certificates and keys of all edges, in `root`."""

    root: Path
    ring: KeyRing
    token: str

    @classmethod
    def fresh(cls, folder: Path) -> Files:
        """All of them anew, below `folder`."""
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
        """Whom callers believe."""
        return self.root / "authority" / "ca.crt"


@contextmanager
def edge(
    files: Files, folder: Path, tritons: Sequence[ServerPorts], upstream: Worker | None
) -> Iterator[EdgeConfig]:
    """An edge before the gateway `upstream`, or without one only inside, for a gateway; it ends with the block."""
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
        tritons=[
            TritonUpstream(host=LOOPBACK, http_port=triton.http, grpc_port=triton.grpc) for triton in tritons
        ],
        gateway=GatewayUpstream(host=LOOPBACK, port=upstream.port) if upstream else None,
        outside=upstream is not None,
        limits=LimitConfig(subject_per_second=NO_LIMIT, address_per_second=NO_LIMIT),
    )
    handle = launcher.start(config)
    try:
        yield config
    finally:
        launcher.stop(handle)


def seeded(release: Artifact, folder: Path) -> Path:
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


def cache_hits(gateway_port: int) -> float:
    """How many answers a gateway took from its cache so far."""
    with urllib.request.urlopen(f"http://{LOOPBACK}:{gateway_port}/metrics") as answer:
        found = HITS.search(answer.read().decode())
    return float(found[1]) if found else 0.0
