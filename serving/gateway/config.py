"""What one gateway is: where it listens, whom it asks, where it keeps what it must not lose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from serving.async_transport import TlsFiles

__all__ = ["DEADLINE_SECONDS", "GatewayConfig"]

# A shopper is promised 150 ms at peak; what is left of it is for the edge, the fallback and the way back.
DEADLINE_SECONDS = 0.12


@dataclass(frozen=True, kw_only=True)
class GatewayConfig:
    """One gateway.

    `triton` are gRPC addresses, `release` a release's folder or "store", `state` the folder that this gateway may
    write: `histories.sqlite` unless `histories` is the URL of a Valkey or Redis, `audit/`, and `pseudonym.key`
    unless `pseudonym_key` is another file. `local` also seeds the histories of the release, so that the recording
    ends now, and shows the storefront, whose tokens are signed with the keys in `session_keys`.
    """

    triton: Sequence[str]
    release: str
    state: Path
    histories: str | None = None
    pseudonym_key: Path | None = None
    triton_tls: TlsFiles | None = None
    deadline_seconds: float = DEADLINE_SECONDS
    local: bool = False
    session_keys: Path | None = None
