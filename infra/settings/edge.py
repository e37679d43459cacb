"""What a hybrid stack chooses of the edge: image, name, whose tokens it believes, who signs its certificates."""

from __future__ import annotations

import json
from typing import Annotated, Literal

from pydantic import Field

from infra.settings.group import Group, Network, Port
from infra.settings.image import ImageSettings
from infra.settings.replica import ReplicaRange

__all__ = [
    "EdgeReplicaSettings",
    "EdgeSettings",
    "IssuerRef",
    "KeySettings",
    "OverflowSettings",
    "TokenSettings",
]

# 32 bytes, base64url without padding (https://www.rfc-editor.org/rfc/rfc7518#section-6.2.1.2).
Coordinate = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{43}$")]


class KeySettings(Group):
    """A public key of the identity provider, P-256: the coordinates of its JWK."""

    x: Coordinate
    y: Coordinate


class TokenSettings(Group):
    """Whose tokens are good."""

    issuer: Annotated[str, Field(pattern=r"^https://\S+$")]
    """As the tokens' `iss` says it."""
    audience: Annotated[str, Field(min_length=1)]
    """As their `aud` says it."""
    keys: Annotated[dict[str, KeySettings], Field(min_length=1, max_length=4)]
    """The public keys that sign them (ES256), by key id: two while keys change. A change is a reviewed line."""

    def jwks(self) -> str:
        """The keys as a JSON Web Key Set."""
        fixed = {"kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig"}
        keys = [{"kid": kid, "x": key.x, "y": key.y, **fixed} for kid, key in sorted(self.keys.items())]
        return json.dumps({"keys": keys}, sort_keys=True)


class IssuerRef(Group):
    """An issuer of cert-manager that is in both clusters."""

    name: Annotated[str, Field(min_length=1)]
    kind: Literal["ClusterIssuer", "Issuer"] = "ClusterIssuer"


class OverflowSettings(Group):
    """Where the private cloud's edge finds Triton in AWS, over the bridge."""

    host: Annotated[str, Field(min_length=1)]
    """A name that DNS in the private cluster knows, or an address."""
    range: Network
    """The addresses behind it, for the edge's own network policy."""
    http_port: Port = 8000
    grpc_port: Port = 8001


class EdgeReplicaSettings(ReplicaRange):
    """The edge's pods on one cloud."""

    cores: Annotated[int, Field(ge=1, le=64)]
    """Cores that a pod asks for, and threads that it runs."""
    memory_mib: Annotated[int, Field(ge=256, le=65536)]
    """Memory that a pod gets; it begins to refuse work at three quarters of it."""


class EdgeSettings(Group):
    """The edge on both clouds."""

    image: ImageSettings
    """Envoy, of the version that the tests run (pyproject.toml)."""
    host: Annotated[str, Field(pattern=r"^[a-z0-9-]+(\.[a-z0-9-]+)+$")]
    """The name that callers use, and that the certificate says."""
    tokens: TokenSettings
    issuer: IssuerRef
    """Signs what callers are shown."""
    internal_issuer: IssuerRef
    """Signs what edge and Triton show each other; one authority for both clusters, and for nothing else."""
    overflow: OverflowSettings | None = None
    """Left out, the private cloud's edge asks its own Triton only."""
    openstack: EdgeReplicaSettings
    aws: EdgeReplicaSettings
