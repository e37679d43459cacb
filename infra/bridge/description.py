"""The bridge, described once: everything that either end is configured with is derived from this."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from typing import Literal

from infra.settings.bridge import BgpSettings
from infra.settings.bridge_flow import FlowSettings
from infra.settings.bridge_tunnel import ConnectionSettings, ProposalSettings
from infra.settings.hybrid import HybridSettings

__all__ = ["TUNNELS", "Bridge", "Gateway", "Peer", "Tunnel", "TunnelName", "describe"]

TunnelName = Literal["first", "second"]
TUNNELS: tuple[TunnelName, ...] = ("first", "second")
# IPv4's header and TCP's, without options (https://www.rfc-editor.org/rfc/rfc6691).
TCP_HEADERS_BYTES = 40
# VRRP wants an order (https://www.rfc-editor.org/rfc/rfc9568#section-5.2.4); each step is above what others hold.
FIRST_PRIORITY = 200
PRIORITY_STEP = 10


@dataclass(frozen=True, kw_only=True)
class Peer:
    """AWS's end of one tunnel, known once it is made."""

    address: str
    preshared_key: str


@dataclass(frozen=True, kw_only=True)
class Tunnel:
    """One tunnel of a gateway: the interface that leads into it and the addresses inside."""

    name: TunnelName
    interface: str
    if_id: int
    inside: IPv4Network
    key_generation: int

    @property
    def aws_address(self) -> IPv4Address:
        """AWS takes the first address of the /30."""
        return self.inside.network_address + 1

    @property
    def gateway_address(self) -> IPv4Address:
        """The gateway has the second."""
        return self.inside.network_address + 2


@dataclass(frozen=True, kw_only=True)
class Gateway:
    """One gateway machine: its address in the private cloud, and its tunnels."""

    name: str
    address: IPv4Address
    priority: int
    tunnels: Mapping[TunnelName, Tunnel]


@dataclass(frozen=True, kw_only=True)
class Bridge:
    """Both clouds' ranges and BGP numbers, the gateways between them, and the terms that all tunnels share."""

    private_asn: int
    aws_asn: int
    private_ranges: tuple[IPv4Network, ...]
    remote_range: IPv4Network
    gateway_range: IPv4Network
    scrape_range: IPv4Network
    virtual_address: IPv4Address
    lan_interface: str
    gateways: Mapping[str, Gateway]
    proposal: ProposalSettings
    bgp: BgpSettings
    mtu: int
    flows: Mapping[str, FlowSettings]
    stale_after_minutes: int

    @property
    def mss(self) -> int:
        """The largest TCP segment that fits a tunnel's packet."""
        return self.mtu - TCP_HEADERS_BYTES

    def others(self, name: str) -> tuple[Gateway, ...]:
        """The gateways beside the one of this name."""
        return tuple(each for key, each in self.gateways.items() if key != name)


def describe(settings: HybridSettings) -> Bridge:
    """The bridge that a stack's settings mean."""
    chosen, private = settings.bridge, settings.openstack
    return Bridge(
        private_asn=chosen.private_asn,
        aws_asn=chosen.aws_asn,
        private_ranges=(private.network.range,),
        remote_range=settings.aws.network.range,
        gateway_range=private.network.gateways,
        scrape_range=private.network.cluster,
        virtual_address=private.gateways.virtual_address,
        lan_interface=private.gateways.interface,
        gateways={
            name: Gateway(
                name=name,
                address=address,
                priority=FIRST_PRIORITY - PRIORITY_STEP * place,
                tunnels=_tunnels(chosen.gateways[name]),
            )
            for place, (name, address) in enumerate(private.gateways.addresses.items())
        },
        proposal=chosen.proposal,
        bgp=chosen.bgp,
        mtu=chosen.mtu,
        flows=chosen.flows,
        stale_after_minutes=chosen.stale_after_minutes,
    )


def _tunnels(connection: ConnectionSettings) -> dict[TunnelName, Tunnel]:
    chosen = {"first": connection.first, "second": connection.second}
    return {
        name: Tunnel(
            name=name,
            interface=f"tunnel-{name}",
            if_id=number,
            inside=chosen[name].inside,
            key_generation=chosen[name].key_generation,
        )
        for number, name in enumerate(TUNNELS, start=1)
    }
