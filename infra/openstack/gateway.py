"""The private end of the bridge: where the VPN machines are found, and the machines themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network

import pulumi
from pulumi_openstack import compute, networking

from infra.openstack.security_group import Flow, flow_rules, security_group
from infra.openstack.tag import tag_list
from infra.settings.openstack_network import GatewaySettings

__all__ = ["GatewayAddresses", "GatewayAddressesArgs", "GatewayMachines", "GatewayMachinesArgs"]

# https://www.rfc-editor.org/rfc/rfc7296#section-2 and https://www.rfc-editor.org/rfc/rfc3948. ESP itself (protocol 50)
# is never seen: a floating address is a translated one, and behind those IPsec travels in UDP.
IKE_PORT = 500
IKE_NAT_PORT = 4500


@dataclass(frozen=True, kw_only=True)
class GatewayAddressesArgs:
    """The addresses, the network that they are in, and the range that they lead to."""

    gateways: GatewaySettings
    network_id: pulumi.Input[str]
    subnet_id: pulumi.Input[str]
    router_id: pulumi.Input[str]
    external_network: str
    cluster_range: IPv4Network
    remote_range: IPv4Network
    tags: Mapping[str, str]


class GatewayAddresses(pulumi.ComponentResource):
    """Ports, floating addresses and the route: what of a gateway outlives its machine, and what AWS must know first."""

    floating_addresses: Mapping[str, pulumi.Output[str]]
    port_ids: Mapping[str, pulumi.Output[str]]
    security_group_id: pulumi.Output[str]

    def __init__(
        self, name: str, args: GatewayAddressesArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("rialto:openstack:GatewayAddresses", name, None, opts)
        inside = pulumi.ResourceOptions(parent=self)
        group = security_group(name, "Gateways: the bridge, and what crosses it", args.tags, inside)
        flow_rules(name, group.id, _inner_flows(args.cluster_range, group.id), inside)
        self.security_group_id = group.id
        self.port_ids = {
            key: self._port(f"{name}-{key}", str(each), args) for key, each in args.gateways.addresses.items()
        }
        self.floating_addresses = {
            key: _floating(f"{name}-{key}", port_id, args, inside) for key, port_id in self.port_ids.items()
        }
        self._route(name, args)
        self.register_outputs(
            {
                "floating_addresses": self.floating_addresses,
                "port_ids": self.port_ids,
                "security_group_id": self.security_group_id,
            }
        )

    def _port(self, name: str, address: str, args: GatewayAddressesArgs) -> pulumi.Output[str]:
        """Declare one gateway's port: it may send as itself, as the virtual address, and for AWS."""
        port = networking.Port(
            name,
            network_id=args.network_id,
            fixed_ips=[{"subnet_id": args.subnet_id, "ip_address": address}],
            security_group_ids=[self.security_group_id],
            allowed_address_pairs=[
                {"ip_address": str(args.gateways.virtual_address)},
                {"ip_address": str(args.remote_range)},
            ],
            admin_state_up=True,
            tags=tag_list(args.tags),
            opts=pulumi.ResourceOptions(parent=self),
        )
        return port.id

    def _route(self, name: str, args: GatewayAddressesArgs) -> None:
        """Declare the way to AWS: one route to the virtual address, which a machine that can reach AWS holds."""
        inside = pulumi.ResourceOptions(parent=self)
        # Never bound to a machine: it keeps the address from being given to anybody else.
        virtual = networking.Port(
            f"{name}-virtual",
            network_id=args.network_id,
            fixed_ips=[{"subnet_id": args.subnet_id, "ip_address": str(args.gateways.virtual_address)}],
            security_group_ids=[self.security_group_id],
            admin_state_up=True,
            tags=tag_list(args.tags),
            opts=inside,
        )
        networking.RouterRoute(
            f"{name}-aws",
            router_id=args.router_id,
            destination_cidr=str(args.remote_range),
            next_hop=str(args.gateways.virtual_address),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[virtual]),
        )


@dataclass(frozen=True, kw_only=True)
class GatewayMachinesArgs:
    """What the machines are, where they are found, whom they speak to, and what cloud-init makes of them."""

    gateways: GatewaySettings
    volume_type: pulumi.Input[str]
    port_ids: Mapping[str, pulumi.Input[str]]
    security_group_id: pulumi.Input[str]
    peers: Mapping[str, pulumi.Input[str]]
    user_data: Mapping[str, pulumi.Input[str]]
    tags: Mapping[str, str]


class GatewayMachines(pulumi.ComponentResource):
    """The VPN machines, never two on one host, replaced one after the other; `peers` are AWS's tunnel addresses."""

    instance_ids: Mapping[str, pulumi.Output[str]]

    def __init__(
        self, name: str, args: GatewayMachinesArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("rialto:openstack:GatewayMachines", name, None, opts)
        inside = pulumi.ResourceOptions(parent=self)
        rules = flow_rules(name, args.security_group_id, _peer_flows(args.peers), inside)
        spread = compute.ServerGroup(name, policies="anti-affinity", opts=inside)
        instance_ids: dict[str, pulumi.Output[str]] = {}
        before: list[pulumi.Resource] = [*rules]
        for key in args.gateways.addresses:
            machine = _machine(f"{name}-{key}", key, args, spread, self, before)
            instance_ids[key] = machine.id
            before = [*rules, machine]
        self.instance_ids = instance_ids
        self.register_outputs({"instance_ids": self.instance_ids})


def _inner_flows(cluster_range: IPv4Network, group_id: pulumi.Input[str]) -> dict[str, Flow]:
    """What passes between nodes and AWS, and what the gateways tell each other."""
    nodes = str(cluster_range)
    return {
        "nodes-tcp": Flow(protocol="tcp", remote_range=nodes, description="Between nodes and AWS"),
        "nodes-icmp": Flow(protocol="icmp", remote_range=nodes, description="Path MTU, unreachable"),
        "vrrp": Flow(protocol="vrrp", remote_group_id=group_id, description="Who holds the virtual address"),
    }


def _peer_flows(peers: Mapping[str, pulumi.Input[str]]) -> dict[str, Flow]:
    """IPsec to and from each of AWS's tunnel addresses."""
    return {
        f"{key}-{kind}": Flow(
            protocol="udp",
            port=port,
            remote_range=pulumi.Output.concat(address, "/32"),
            description=f"IPsec with {key}",
        )
        for key, address in peers.items()
        for kind, port in (("ike", IKE_PORT), ("ike-nat", IKE_NAT_PORT))
    }


def _floating(
    name: str, port_id: pulumi.Input[str], args: GatewayAddressesArgs, opts: pulumi.ResourceOptions
) -> pulumi.Output[str]:
    floating = networking.FloatingIp(name, pool=args.external_network, tags=tag_list(args.tags), opts=opts)
    networking.FloatingIpAssociate(name, floating_ip=floating.address, port_id=port_id, opts=opts)
    return floating.address


def _machine(
    name: str,
    key: str,
    args: GatewayMachinesArgs,
    spread: compute.ServerGroup,
    parent: pulumi.Resource,
    before: list[pulumi.Resource],
) -> compute.Instance:
    return compute.Instance(
        name,
        flavor_name=args.gateways.flavor,
        block_devices=[
            {
                "source_type": "image",
                "uuid": args.gateways.image_id,
                "destination_type": "volume",
                "volume_size": args.gateways.disk_gib,
                "volume_type": args.volume_type,
                "boot_index": 0,
                "delete_on_termination": True,
            }
        ],
        networks=[{"port": args.port_ids[key]}],
        scheduler_hints=[{"group": spread.id}],
        # It holds the tunnels' keys. A drive of the machine's own, for no metadata service is let through.
        user_data=pulumi.Output.secret(args.user_data[key]),
        config_drive=True,
        # No key pair: nobody logs in, a gateway that fails is replaced.
        metadata={**args.tags, "gateway": key},
        stop_before_destroy=True,
        opts=pulumi.ResourceOptions(
            parent=parent,
            # A port carries one machine at a time. The next gateway waits until this one is back.
            delete_before_replace=True,
            depends_on=before,
            additional_secret_outputs=["userData"],
        ),
    )
