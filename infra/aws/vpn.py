"""The AWS end of the bridge: a Transit Gateway, and a VPN connection to each gateway machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network

import pulumi
import pulumi_aws as aws

from infra.aws.log_group import LogArgs, log_group
from infra.aws.vpn_connection import VpnConnection, VpnConnectionArgs
from infra.bridge.description import Bridge, TunnelName

__all__ = ["Vpn", "VpnArgs"]


@dataclass(frozen=True, kw_only=True)
class VpnArgs:
    """What both ends agreed on, and what is joined: the VPC here, the gateway machines' public addresses there."""

    bridge: Bridge
    gateways: Mapping[str, pulumi.Input[str]]
    keys: Mapping[str, Mapping[TunnelName, pulumi.Output[str]]]
    private_range: IPv4Network
    vpc_id: pulumi.Input[str]
    subnet_ids: Sequence[pulumi.Input[str]]
    route_table_id: pulumi.Input[str]
    log_path: str
    logs: LogArgs


class Vpn(pulumi.ComponentResource):
    """A Transit Gateway between the VPC and the private cloud; the routes to and fro come by BGP."""

    transit_gateway_id: pulumi.Output[str]
    addresses: Mapping[str, Mapping[TunnelName, pulumi.Output[str]]]
    tunnel_addresses: pulumi.Output[Mapping[str, Sequence[str]]]
    customer_gateway_configurations: Mapping[str, pulumi.Output[str]]

    def __init__(self, name: str, args: VpnArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("rialto:aws:Vpn", name, None, opts)
        _require_same(args)
        inside = pulumi.ResourceOptions(parent=self)
        gateway = _transit_gateway(name, args, inside)
        table = aws.ec2transitgateway.RouteTable(
            name, transit_gateway_id=gateway.id, tags={"Name": name}, opts=inside
        )
        self._join_vpc(name, args, gateway, table)
        log = log_group(f"{name}-tunnels", f"{args.log_path}/tunnels", args.logs, inside)
        connections = {
            key: VpnConnection(
                f"{name}-{key}",
                VpnConnectionArgs(
                    bridge=args.bridge,
                    gateway=key,
                    address=address,
                    keys=args.keys[key],
                    transit_gateway_id=gateway.id,
                    route_table_id=table.id,
                    log_group_arn=log.arn,
                ),
                inside,
            )
            for key, address in args.gateways.items()
        }
        self.transit_gateway_id = gateway.id
        self.addresses = {key: each.addresses for key, each in connections.items()}
        self.tunnel_addresses = pulumi.Output.all(
            **{key: list(tunnels.values()) for key, tunnels in self.addresses.items()}
        )
        self.customer_gateway_configurations = {key: each.configuration for key, each in connections.items()}
        self.register_outputs(
            {
                "transit_gateway_id": self.transit_gateway_id,
                "tunnel_addresses": self.tunnel_addresses,
                "customer_gateway_configurations": self.customer_gateway_configurations,
            }
        )

    def _join_vpc(
        self,
        name: str,
        args: VpnArgs,
        gateway: aws.ec2transitgateway.TransitGateway,
        table: aws.ec2transitgateway.RouteTable,
    ) -> None:
        """Declare the VPC's attachment, the way in through the table, and the way out from the VPC."""
        inside = pulumi.ResourceOptions(parent=self)
        attachment = aws.ec2transitgateway.VpcAttachment(
            f"{name}-vpc",
            transit_gateway_id=gateway.id,
            vpc_id=args.vpc_id,
            subnet_ids=list(args.subnet_ids),
            transit_gateway_default_route_table_association=False,
            transit_gateway_default_route_table_propagation=False,
            tags={"Name": f"{name}-vpc"},
            opts=inside,
        )
        aws.ec2transitgateway.RouteTableAssociation(
            f"{name}-vpc",
            transit_gateway_attachment_id=attachment.id,
            transit_gateway_route_table_id=table.id,
            opts=inside,
        )
        aws.ec2transitgateway.RouteTablePropagation(
            f"{name}-vpc",
            transit_gateway_attachment_id=attachment.id,
            transit_gateway_route_table_id=table.id,
            opts=inside,
        )
        aws.ec2.Route(
            f"{name}-private-cloud",
            route_table_id=args.route_table_id,
            destination_cidr_block=str(args.private_range),
            transit_gateway_id=gateway.id,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[attachment]),
        )


def _require_same(args: VpnArgs) -> None:
    ours, theirs = sorted(args.bridge.gateways), sorted(args.gateways)
    if ours != theirs:
        raise ValueError(
            f"bridge.gateways names {', '.join(ours)}, but the private cloud has {', '.join(theirs)}; "
            "give every gateway machine its tunnels"
        )


def _transit_gateway(
    name: str, args: VpnArgs, opts: pulumi.ResourceOptions
) -> aws.ec2transitgateway.TransitGateway:
    return aws.ec2transitgateway.TransitGateway(
        name,
        description="Rialto: the private cloud and the VPC",
        amazon_side_asn=args.bridge.aws_asn,
        # Nothing is joined or routed that is not declared here.
        auto_accept_shared_attachments="disable",
        default_route_table_association="disable",
        default_route_table_propagation="disable",
        dns_support="enable",
        # All tunnels carry traffic at the same time.
        vpn_ecmp_support="enable",
        tags={"Name": name},
        opts=opts,
    )
