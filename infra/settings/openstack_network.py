"""What a stack chooses of the private cloud's network: subnets, the way out, gateway machines, who may call."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Address, IPv4Network
from itertools import combinations
from typing import Annotated, Self

from pydantic import Field, model_validator

from infra.settings.group import Address, Group, Name, Network

__all__ = [
    "ExternalNetworkSettings",
    "GatewaySettings",
    "LoadBalancerSettings",
    "NetworkSettings",
    "Uuid",
    "require_apart",
    "require_private",
]

Uuid = Annotated[str, Field(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]
# RFC 1918: https://www.rfc-editor.org/rfc/rfc1918
PRIVATE = tuple(IPv4Network(each) for each in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))
# One gateway dies, or is replaced by an update, and the other goes on.
MIN_GATEWAYS = 2


def require_private(key: str, network: IPv4Network) -> None:
    """Refuse a range that belongs to the internet."""
    if not any(network.subnet_of(each) for each in PRIVATE):
        raise ValueError(f"{key} is {network}; choose a private range (RFC 1918), such as 10.10.0.0/16")


def require_apart(ranges: Mapping[str, IPv4Network]) -> None:
    """Refuse two ranges that share an address."""
    for (key, ours), (other, theirs) in combinations(ranges.items(), 2):
        if ours.overlaps(theirs):
            raise ValueError(f"{other} is {theirs}, which overlaps {key} {ours}; choose ranges apart")


class ExternalNetworkSettings(Group):
    """The provider network with floating addresses; its operator made it (`openstack network list --external`)."""

    name: Annotated[str, Field(min_length=1, max_length=255)]
    """Its name: floating addresses are asked for by it."""
    id: Uuid
    """Its id: the router is attached by it."""


class NetworkSettings(Group):
    """Three networks behind one router; no machine in them is reached from outside but through what is declared."""

    range: Network
    """All of the private cloud's addresses: what the bridge announces to AWS."""
    cluster: Network
    """The subnet of Kubernetes nodes."""
    gateways: Network
    """The subnet of the VPN machines."""
    load_balancer: Network
    """The subnet of the load balancer's virtual address."""
    resolvers: Annotated[tuple[Address, ...], Field(min_length=1, strict=False)]
    """The DNS servers that machines ask."""
    external: ExternalNetworkSettings

    @property
    def subnets(self) -> dict[str, IPv4Network]:
        """The subnets by the name of what they are for."""
        return {"cluster": self.cluster, "gateways": self.gateways, "load-balancer": self.load_balancer}

    @model_validator(mode="after")
    def _subnets_are_inside_and_apart(self) -> Self:
        require_private("range", self.range)
        for key, subnet in self.subnets.items():
            if not subnet.subnet_of(self.range):
                raise ValueError(f"{key} is {subnet}, outside range {self.range}; choose a part of it")
        require_apart(self.subnets)
        return self


class GatewaySettings(Group):
    """The VPN machines: private ends of the bridge, never on the same host."""

    image_id: Uuid
    """The image to boot: Debian with strongSwan, FRR and keepalived in it, for gateways reach no package mirror."""
    flavor: str
    """A flavour of openstack.flavors."""
    disk_gib: Annotated[int, Field(ge=5, le=100)]
    """The encrypted boot volume."""
    interface: Annotated[str, Field(pattern=r"^[a-z][a-z0-9]{0,14}$")] = "ens3"
    """Their one network card, as the image names it on this cloud's machines (`ip link`)."""
    virtual_address: Address
    """The address that routes to AWS lead to; the gateway that can reach AWS holds it (VRRP)."""
    addresses: dict[Name, Address]
    """The fixed address of each gateway, by its name."""

    @model_validator(mode="after")
    def _are_at_least_two(self) -> Self:
        if len(self.addresses) < MIN_GATEWAYS:
            raise ValueError(
                f"addresses names {', '.join(self.addresses) or 'no gateway'}; "
                f"name at least {MIN_GATEWAYS}, or an update of one takes the bridge down"
            )
        return self

    @model_validator(mode="after")
    def _addresses_differ(self) -> Self:
        fixed = {f"addresses.{name}": each for name, each in self.addresses.items()}
        for (key, ours), (other, theirs) in combinations(
            {"virtual-address": self.virtual_address, **fixed}.items(), 2
        ):
            if ours == theirs:
                raise ValueError(f"{other} is {theirs}, as is {key}; choose different addresses")
        return self

    def require_inside(self, subnet: IPv4Network) -> None:
        """Refuse an address that is not in `subnet`, or that is the subnet's own or its router's."""
        router = subnet.network_address + 1
        taken = {
            subnet.network_address: "the subnet itself",
            router: "the router",
            subnet.broadcast_address: "broadcast",
        }
        named: dict[str, IPv4Address] = {f"addresses.{name}": each for name, each in self.addresses.items()}
        for key, address in {"virtual-address": self.virtual_address, **named}.items():
            if address not in subnet:
                raise ValueError(
                    f"gateways.{key} is {address}, outside network.gateways {subnet}; choose one inside it"
                )
            if address in taken:
                raise ValueError(
                    f"gateways.{key} is {address}, which is {taken[address]}; choose {router + 1} or a later one"
                )


class LoadBalancerSettings(Group):
    """Who may call the private side's HTTPS."""

    clients: Annotated[tuple[Network, ...], Field(min_length=1, strict=False)]
    """The ranges that callers come from; everybody else is refused."""

    @model_validator(mode="after")
    def _is_not_open_to_all(self) -> Self:
        for network in self.clients:
            if network.prefixlen == 0:
                raise ValueError(
                    f"clients names {network}, which is everybody; name the ranges of the shop's servers"
                )
        return self
