"""What a stack chooses of the tunnels: inside ranges, generations of keys, and what both ends agree on."""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from infra.settings.group import Group, Network

__all__ = ["ENCRYPTION", "IKE_VERSION", "ConnectionSettings", "ProposalSettings", "TunnelSettings"]

# Not for a stack to choose: both ends speak this and nothing else.
IKE_VERSION = "ikev2"
ENCRYPTION = "AES256-GCM-16"
# https://docs.aws.amazon.com/vpn/latest/s2svpn/VPNTunnels.html: the range of inside addresses and what AWS keeps.
INSIDE = IPv4Network("169.254.0.0/16")
INSIDE_PREFIX_LENGTH = 30
RESERVED = tuple(
    IPv4Network(each)
    for each in (
        "169.254.0.0/30",
        "169.254.1.0/30",
        "169.254.2.0/30",
        "169.254.3.0/30",
        "169.254.4.0/30",
        "169.254.5.0/30",
        "169.254.169.252/30",
    )
)
DhGroup = Literal[19, 20, 21]
Integrity = Literal["SHA2-256", "SHA2-384", "SHA2-512"]


class ProposalSettings(Group):
    """What both ends agree on, for IKE and its child SAs alike; encryption is always AES-256-GCM."""

    integrity: Integrity = "SHA2-384"
    """The hash of IKE's key derivation."""
    dh_group: DhGroup = 20
    """The elliptic-curve group, of child SAs too: perfect forward secrecy. 20 is NIST P-384."""
    ike_lifetime_seconds: Annotated[int, Field(ge=900, le=28800)] = 28800
    """How long an IKE SA lives."""
    child_lifetime_seconds: Annotated[int, Field(ge=900, le=3600)] = 3600
    """How long a child SA lives; below the IKE SA's."""
    dpd_seconds: Annotated[int, Field(ge=30, le=600)] = 30
    """Silence after which AWS counts its peer as dead, and starts the tunnel again; 30 is the least it takes."""

    @model_validator(mode="after")
    def _child_dies_first(self) -> Self:
        if self.child_lifetime_seconds >= self.ike_lifetime_seconds:
            raise ValueError(
                f"child-lifetime-seconds is {self.child_lifetime_seconds}, not below "
                f"ike-lifetime-seconds {self.ike_lifetime_seconds}; AWS asks for a shorter one"
            )
        return self


class TunnelSettings(Group):
    """One tunnel: the addresses inside, and which of its keys is the present one."""

    inside: Network
    """A /30 of 169.254.0.0/16; AWS has its first address, the gateway its second."""
    key_generation: Annotated[int, Field(ge=1, le=100000)] = 1
    """Count up, and this tunnel alone gets a new pre-shared key (infra/bridge/README.md says when)."""

    @model_validator(mode="after")
    def _range_is_allowed(self) -> Self:
        if self.inside.prefixlen != INSIDE_PREFIX_LENGTH or not self.inside.subnet_of(INSIDE):
            raise ValueError(
                f"inside is {self.inside}; AWS takes only a /30 of {INSIDE}, such as 169.254.20.0/30"
            )
        if self.inside in RESERVED:
            raise ValueError(
                f"inside is {self.inside}, which AWS keeps for itself; choose another /30 of {INSIDE}"
            )
        return self


class ConnectionSettings(Group):
    """One gateway's VPN connection: always two tunnels, to two AWS endpoints of which one may be away."""

    first: TunnelSettings
    second: TunnelSettings
