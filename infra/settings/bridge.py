"""What a stack chooses of the bridge: who speaks BGP as whom, the tunnels' inside addresses, and what they agree on."""

from __future__ import annotations

from ipaddress import IPv4Network
from itertools import combinations
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from infra.settings.group import Group, Name, Network

__all__ = ["ENCRYPTION", "IKE_VERSION", "BridgeSettings", "ProposalSettings", "TunnelSettings"]

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
# Private use (https://www.rfc-editor.org/rfc/rfc6996); the 16-bit half, which every router understands.
Asn = Annotated[int, Field(ge=64512, le=65534)]
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
    """Silence after which a peer counts as dead; AWS then starts the tunnel again."""

    @model_validator(mode="after")
    def _child_dies_first(self) -> Self:
        if self.child_lifetime_seconds >= self.ike_lifetime_seconds:
            raise ValueError(
                f"child-lifetime-seconds is {self.child_lifetime_seconds}, not below "
                f"ike-lifetime-seconds {self.ike_lifetime_seconds}; AWS asks for a shorter one"
            )
        return self


class TunnelSettings(Group):
    """The inside ranges of one gateway's VPN connection: two tunnels, each a /30 with both ends in it."""

    first: Network
    """A /30 of 169.254.0.0/16; AWS has its first address, the gateway its second."""
    second: Network
    """The same for the second tunnel, which lives on another AWS endpoint."""

    @model_validator(mode="after")
    def _ranges_are_allowed(self) -> Self:
        for key, inside in (("first", self.first), ("second", self.second)):
            if inside.prefixlen != INSIDE_PREFIX_LENGTH or not inside.subnet_of(INSIDE):
                raise ValueError(
                    f"{key} is {inside}; AWS takes only a /30 of {INSIDE}, such as 169.254.20.0/30"
                )
            if inside in RESERVED:
                raise ValueError(
                    f"{key} is {inside}, which AWS keeps for itself; choose another /30 of {INSIDE}"
                )
        return self


class BridgeSettings(Group):
    """The VPN between the private cloud's gateway machines and AWS's Transit Gateway."""

    private_asn: Asn
    """The private cloud's BGP number."""
    aws_asn: Asn
    """The Transit Gateway's BGP number; another one."""
    gateways: Annotated[dict[Name, TunnelSettings], Field(min_length=1)]
    """The gateway machines by name: each has a VPN connection of its own."""
    proposal: ProposalSettings = ProposalSettings()

    @model_validator(mode="after")
    def _asns_differ(self) -> Self:
        if self.private_asn == self.aws_asn:
            raise ValueError(
                f"aws-asn is {self.aws_asn}, as is private-asn; eBGP needs two different numbers"
            )
        return self

    @model_validator(mode="after")
    def _tunnels_are_apart(self) -> Self:
        inside = {
            f"gateways.{name}.{key}": each
            for name, tunnels in self.gateways.items()
            for key, each in (("first", tunnels.first), ("second", tunnels.second))
        }
        for (key, ours), (other, theirs) in combinations(inside.items(), 2):
            if ours == theirs:
                raise ValueError(f"{other} is {theirs}, as is {key}; every tunnel needs a /30 of its own")
        return self

    def ranges(self) -> dict[str, IPv4Network]:
        """Nothing: inside addresses are link-local and never routed, so no other range can clash with them."""
        return {}
