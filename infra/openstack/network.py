"""The private network: one subnet for each purpose, behind one router."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network

import pulumi
from pulumi_openstack import networking

from infra.openstack.tag import tag_list
from infra.settings.openstack_network import NetworkSettings

__all__ = ["Network", "NetworkArgs"]

# The VPN machines take their addresses from their config drive: nothing that answers DHCP can move them.
WITHOUT_DHCP = frozenset({"gateways"})


@dataclass(frozen=True, kw_only=True)
class NetworkArgs:
    """The ranges, and the tags."""

    network: NetworkSettings
    tags: Mapping[str, str]


class Network(pulumi.ComponentResource):
    """Networks for nodes, gateways and the load balancer, apart so that each has rules of its own.

    `subnet_ids` are known only once the router is attached: whatever takes one can be reached.
    """

    network_ids: Mapping[str, pulumi.Output[str]]
    subnet_ids: Mapping[str, pulumi.Output[str]]
    router_id: pulumi.Output[str]

    def __init__(self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("rialto:openstack:Network", name, None, opts)
        inside = pulumi.ResourceOptions(parent=self)
        tags = tag_list(args.tags)
        router = networking.Router(
            name,
            external_network_id=args.network.external.id,
            admin_state_up=True,
            tags=tags,
            opts=inside,
        )
        self.router_id = router.id
        self.network_ids = {
            key: networking.Network(
                f"{name}-{key}",
                admin_state_up=True,
                shared=False,
                # Without it no security group counts, and a machine may send as any other.
                port_security_enabled=True,
                tags=tags,
                opts=inside,
            ).id
            for key in args.network.subnets
        }
        self.subnet_ids = {
            key: self._subnet(
                f"{name}-{key}", key, subnet, [str(each) for each in args.network.resolvers], tags
            )
            for key, subnet in args.network.subnets.items()
        }
        self.register_outputs(
            {"network_ids": self.network_ids, "subnet_ids": self.subnet_ids, "router_id": self.router_id}
        )

    def _subnet(
        self, name: str, key: str, range_: IPv4Network, resolvers: Sequence[str], tags: Sequence[str]
    ) -> pulumi.Output[str]:
        inside = pulumi.ResourceOptions(parent=self)
        subnet = networking.Subnet(
            name,
            network_id=self.network_ids[key],
            cidr=str(range_),
            ip_version=4,
            gateway_ip=str(range_.network_address + 1),
            enable_dhcp=key not in WITHOUT_DHCP,
            dns_nameservers=resolvers,
            tags=tags,
            opts=inside,
        )
        attached = networking.RouterInterface(
            name, router_id=self.router_id, subnet_id=subnet.id, opts=inside
        )
        return attached.subnet_id
