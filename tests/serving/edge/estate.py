"""An edge of a test's own: certificates, keys, ports, and a real Envoy."""

import ssl
from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx

from serving.edge import launcher
from serving.edge.certificate import Authority, LeafConfig, issue
from serving.edge.config import EdgeConfig, GatewayUpstream, LimitConfig, TokenConfig, TritonUpstream
from serving.edge.process import ADMIN_SOCKET, EdgeHandle
from serving.edge.signing import AUDIENCE, ISSUER, KeyRing
from tests.infra.clone import free_ports

SERVER = LeafConfig(names=("localhost",), purpose="server", loopback=True)
CLIENT = LeafConfig(names=("edge",), purpose="client")
TRITON = LeafConfig(names=("triton",), purpose="server")


@dataclass(frozen=True)
class Estate:
    """The files of an edge in `root`: an authority, three certificates, a key ring."""

    root: Path

    @classmethod
    def make(cls, root: Path) -> "Estate":
        estate = cls(root)
        for folder, leaf in (("server", SERVER), ("client", CLIENT), ("triton", TRITON)):
            issue(estate.authority, root / folder, leaf)
        estate.ring.jwks()
        return estate

    @property
    def authority(self) -> Authority:
        return Authority.of(self.root / "authority")

    @property
    def ca(self) -> Path:
        return self.root / "authority" / "ca.crt"

    @property
    def ring(self) -> KeyRing:
        return KeyRing(self.root / "keys")

    def config(
        self,
        tritons: Sequence[TritonUpstream],
        gateway: GatewayUpstream | None = None,
        limits: LimitConfig | None = None,
    ) -> EdgeConfig:
        port, inside_port, metrics_port = free_ports(3)
        folder = self.root / "edge"
        return EdgeConfig(
            folder=str(folder),
            address="127.0.0.1",
            port=port,
            inside_port=inside_port,
            metrics_address="127.0.0.1",
            metrics_port=metrics_port,
            admin_socket=ADMIN_SOCKET,
            certificates=str(self.root / "server"),
            client_certificates=str(self.root / "client"),
            access_log=str(folder / "access.log"),
            tokens=TokenConfig(issuer=ISSUER, audience=AUDIENCE, jwks=self.ring.jwks()),
            tritons=tritons,
            gateway=gateway,
            limits=limits or LimitConfig(),
        )


@dataclass(frozen=True)
class Edge:
    """A running edge."""

    estate: Estate
    config: EdgeConfig
    handle: EdgeHandle

    @property
    def url(self) -> str:
        return f"https://localhost:{self.config.port}"

    def client(self, **options) -> httpx.Client:
        """A caller over HTTP/1.1 who knows the authority."""
        context = ssl.create_default_context(cafile=self.estate.ca)
        return httpx.Client(base_url=self.url, verify=context, trust_env=False, timeout=30, **options)

    def bearer(self, *scopes: str, subject: str = "shop") -> dict[str, str]:
        """The header of a caller with these scopes."""
        token = self.estate.ring.token(subject, scopes, timedelta(hours=1))
        return {"authorization": f"Bearer {token}"}

    def log(self) -> str:
        return (Path(self.config.folder) / "access.log").read_text()


@contextmanager
def running(estate: Estate, config: EdgeConfig):
    """A real Envoy with `config`, for as long as the block runs."""
    handle = launcher.start(config)
    try:
        estate.ring.believed(config.tokens.jwks)
        yield Edge(estate, config, handle)
    finally:
        launcher.stop(handle)


def tritons(*ports: int, priority: int = 0) -> list[TritonUpstream]:
    """Servers of HTTP on loopback; nobody answers gRPC there."""
    return [
        TritonUpstream(host="127.0.0.1", http_port=port, grpc_port=port, priority=priority) for port in ports
    ]
