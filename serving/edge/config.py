"""What one edge is: where it listens, whom it believes, what it lets through, and who answers behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

__all__ = [
    "CLIENT_NAME",
    "TRITON_NAME",
    "EdgeConfig",
    "GatewayUpstream",
    "LimitConfig",
    "TokenConfig",
    "TritonUpstream",
]

# The names in the two certificates of the mutual TLS between edge and Triton; addresses come and go.
TRITON_NAME = "triton"
CLIENT_NAME = "edge"


@dataclass(frozen=True, kw_only=True)
class TritonUpstream:
    """A Triton by address, or a DNS name behind which all pods of one cloud are.

    `priority` 0 is asked first; the next one gets what the healthy servers of the one before cannot carry.
    """

    host: str
    http_port: int
    grpc_port: int
    priority: int = 0


@dataclass(frozen=True, kw_only=True)
class GatewayUpstream:
    """The domain API."""

    host: str
    port: int


@dataclass(frozen=True, kw_only=True)
class TokenConfig:
    """Whose tokens are good: issuer and audience as the tokens name them, and the public keys (a JWKS as JSON)."""

    issuer: str
    audience: str
    jwks: str


@dataclass(frozen=True, kw_only=True)
class LimitConfig:
    """How much one request, one client and all clients together may ask for."""

    # 32 requests of 4,096 candidates, the largest batch that the client makes, are 1.05 MB.
    body_bytes: int = 2 << 20
    # An event is a few hundred bytes.
    event_bytes: int = 16 << 10
    header_kib: int = 16
    headers: int = 64
    # A tensor in KServe v2 lies five deep: object, list, object, data of two dimensions.
    json_depth: int = 16
    # A caller who is slower than this is holding a place, not asking.
    handshake_seconds: float = 5
    header_seconds: float = 5
    request_seconds: float = 15
    connections: int = 4096
    # At work for one kind of upstream at the same time. Beyond it a caller is told at once to come again.
    requests: int = 256
    # What nine of ten answers of the gateway take at most; who would wait longer is told at once, too.
    answer_seconds: float = 0.06
    subject_per_second: int = 2000
    address_per_second: int = 100
    # Clients that are told apart; beyond it the one longest silent is forgotten.
    clients: int = 10_000
    heap_bytes: int = 512 << 20


@dataclass(frozen=True, kw_only=True)
class EdgeConfig:
    """One edge, complete.

    `folder` is where its own files are (bootstrap.py). `certificates` holds tls.crt and tls.key for callers,
    `client_certificates` the edge's own for Triton, and in ca.crt the authority that Triton's is checked against: as
    cert-manager writes a Secret, replaced by moving a link (`..data`) in the folder. `access_log` is a path,
    `admin_socket` one of at most 107 bytes. Without `outside` only the gateway beside it calls: nobody else is listened
    to, and `certificates` and `tokens` are not read.
    """

    folder: str
    address: str
    port: int
    inside_port: int
    metrics_address: str
    metrics_port: int
    admin_socket: str
    certificates: str
    client_certificates: str
    access_log: str
    tokens: TokenConfig
    tritons: Sequence[TritonUpstream]
    gateway: GatewayUpstream | None = None
    outside: bool = True
    limits: LimitConfig = field(default_factory=LimitConfig)
