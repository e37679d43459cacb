"""What a stack chooses of the bridge: who speaks BGP as whom, its tunnels, packet sizes, and what may cross."""

from __future__ import annotations

from ipaddress import IPv4Network
from itertools import combinations
from typing import Annotated, Self

from pydantic import Field, model_validator

from infra.settings.bridge_flow import FlowSettings
from infra.settings.bridge_sync import SyncSettings
from infra.settings.bridge_tunnel import ConnectionSettings, ProposalSettings
from infra.settings.group import Group, Name

__all__ = ["BgpSettings", "BridgeSettings", "largest_mtu"]

# Private use (https://www.rfc-editor.org/rfc/rfc6996); the 16-bit half, which every router understands.
Asn = Annotated[int, Field(ge=64512, le=65534)]
# What a packet gains: IPv4, UDP (NAT traversal), ESP's header, GCM's nonce and its tag
# (https://www.rfc-editor.org/rfc/rfc4303, /rfc4106, /rfc3948).
OUTER_BYTES = 20 + 8 + 8 + 8 + 16
# ESP's trailer: two bytes, which with the packet before them fill whole words.
TRAILER_BYTES = 2
WORD_BYTES = 4
# RFC 4271 (https://www.rfc-editor.org/rfc/rfc4271#section-4.4): three keepalives in a hold time.
KEEPALIVES = 3


def largest_mtu(path_mtu: int) -> int:
    """The largest packet that, encrypted, still fits into one of `path_mtu` bytes; 1438 in 1500, as AWS says too."""
    return (path_mtu - OUTER_BYTES) // WORD_BYTES * WORD_BYTES - TRAILER_BYTES


class BgpSettings(Group):
    """How fast a silent peer is given up; AWS offers 10 and 30 seconds and takes the lower (RFC 4271)."""

    keepalive_seconds: Annotated[int, Field(ge=1, le=10)] = 2
    """How often each end says that it lives."""
    hold_seconds: Annotated[int, Field(ge=3, le=30)] = 7
    """Silence after which its routes are gone: the longest that a dead tunnel swallows packets."""

    @model_validator(mode="after")
    def _lost_keepalives_are_forgiven(self) -> Self:
        if self.hold_seconds < KEEPALIVES * self.keepalive_seconds:
            raise ValueError(
                f"hold-seconds is {self.hold_seconds}, below {KEEPALIVES} x keepalive-seconds "
                f"{self.keepalive_seconds}; raise it, or one lost packet ends the session"
            )
        return self


class BridgeSettings(Group):
    """The VPN between the private cloud's gateway machines and AWS's Transit Gateway."""

    private_asn: Asn
    """The private cloud's BGP number."""
    aws_asn: Asn
    """The Transit Gateway's BGP number; another one."""
    gateways: Annotated[dict[Name, ConnectionSettings], Field(min_length=1)]
    """The gateway machines by name: each has a VPN connection of its own."""
    proposal: ProposalSettings = ProposalSettings()
    bgp: BgpSettings = BgpSettings()
    path_mtu: Annotated[int, Field(ge=1280, le=1500)] = 1500
    """The largest packet from a gateway to AWS; a tenant network over Geneve has 1442."""
    mtu: Annotated[int, Field(ge=1200, le=1446)] = 1438
    """The largest packet inside a tunnel; TCP is told to stay within it."""
    flows: Annotated[dict[Name, FlowSettings], Field(min_length=1)]
    """What may cross, by name."""
    sync: SyncSettings
    stale_after_minutes: Annotated[int, Field(ge=1, le=10080)] = 60
    """Age of hot data on AWS above which somebody is told."""

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
            f"gateways.{name}.{key}.inside": each.inside
            for name, tunnels in self.gateways.items()
            for key, each in (("first", tunnels.first), ("second", tunnels.second))
        }
        for (key, ours), (other, theirs) in combinations(inside.items(), 2):
            if ours == theirs:
                raise ValueError(f"{other} is {theirs}, as is {key}; every tunnel needs a /30 of its own")
        return self

    @model_validator(mode="after")
    def _packets_fit(self) -> Self:
        largest = largest_mtu(self.path_mtu)
        if self.mtu > largest:
            raise ValueError(
                f"mtu is {self.mtu}, but encrypted that exceeds path-mtu {self.path_mtu}; choose {largest} or less"
            )
        return self

    def ranges(self) -> dict[str, IPv4Network]:
        """Nothing: inside addresses are link-local and never routed, so no other range can clash with them."""
        return {}
