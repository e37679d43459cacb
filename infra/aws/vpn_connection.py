"""One VPN connection: two tunnels from AWS to one gateway machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from infra.bridge.aws import tunnel_options
from infra.bridge.description import TUNNELS, Bridge, TunnelName

__all__ = ["VpnConnection", "VpnConnectionArgs"]

# AWS's generated configuration repeats both keys.
SECRET_OUTPUTS = ["tunnel1PresharedKey", "tunnel2PresharedKey", "customerGatewayConfiguration"]


@dataclass(frozen=True, kw_only=True)
class VpnConnectionArgs:
    """Whom AWS talks to, on what terms, and with which keys."""

    bridge: Bridge
    gateway: str
    address: pulumi.Input[str]
    keys: Mapping[TunnelName, pulumi.Output[str]]
    transit_gateway_id: pulumi.Input[str]
    route_table_id: pulumi.Input[str]
    log_group_arn: pulumi.Input[str]


class VpnConnection(pulumi.ComponentResource):
    """A customer gateway, its two tunnels, and their place in the Transit Gateway's routes."""

    addresses: Mapping[TunnelName, pulumi.Output[str]]
    configuration: pulumi.Output[str]

    def __init__(
        self, name: str, args: VpnConnectionArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("rialto:aws:VpnConnection", name, None, opts)
        inside = pulumi.ResourceOptions(parent=self)
        customer = aws.ec2.CustomerGateway(
            name,
            type="ipsec.1",
            bgp_asn=str(args.bridge.private_asn),
            ip_address=args.address,
            device_name=name,
            tags={"Name": name},
            opts=inside,
        )
        connection = aws.ec2.VpnConnection(
            name,
            customer_gateway_id=customer.id,
            transit_gateway_id=args.transit_gateway_id,
            type="ipsec.1",
            static_routes_only=False,
            tags={"Name": name},
            opts=pulumi.ResourceOptions(parent=self, additional_secret_outputs=SECRET_OUTPUTS),
            **_options(args),
        )
        _route(name, connection, args.route_table_id, inside)
        self.addresses = {"first": connection.tunnel1_address, "second": connection.tunnel2_address}
        self.configuration = pulumi.Output.secret(connection.customer_gateway_configuration)
        self.register_outputs({"addresses": self.addresses, "configuration": self.configuration})


def _options(args: VpnConnectionArgs) -> dict[str, Any]:
    """Both tunnels' options, under the numbers that AWS gives them."""
    log = {
        "log_enabled": True,
        "log_group_arn": args.log_group_arn,
        "log_output_format": "json",
        "bgp_log_enabled": True,
        "bgp_log_group_arn": args.log_group_arn,
        "bgp_log_output_format": "json",
    }
    found: dict[str, Any] = {}
    for number, name in enumerate(TUNNELS, start=1):
        options = {
            **tunnel_options(args.bridge, args.gateway, name),
            "preshared_key": args.keys[name],
            "log_options": {"cloudwatch_log_options": log},
        }
        found |= {f"tunnel{number}_{key}": value for key, value in options.items()}
    return found


def _route(
    name: str,
    connection: aws.ec2.VpnConnection,
    route_table_id: pulumi.Input[str],
    opts: pulumi.ResourceOptions,
) -> None:
    aws.ec2transitgateway.RouteTableAssociation(
        name,
        transit_gateway_attachment_id=connection.transit_gateway_attachment_id,
        transit_gateway_route_table_id=route_table_id,
        opts=opts,
    )
    aws.ec2transitgateway.RouteTablePropagation(
        name,
        transit_gateway_attachment_id=connection.transit_gateway_attachment_id,
        transit_gateway_route_table_id=route_table_id,
        opts=opts,
    )
