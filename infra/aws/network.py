"""The VPC: private subnets by zone, and no way in or out but endpoints and the bridge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.aws.endpoint import Endpoints, EndpointsArgs
from infra.aws.flow_log import FlowLog, FlowLogArgs
from infra.aws.log_group import LogArgs
from infra.settings.aws_network import NetworkSettings

__all__ = ["Network", "NetworkArgs"]


@dataclass(frozen=True, kw_only=True)
class NetworkArgs:
    """The ranges, and what the nodes in them may reach."""

    network: NetworkSettings
    account: str
    region: str
    log_path: str
    logs: LogArgs
    bucket_arns: Sequence[pulumi.Input[str]]


class Network(pulumi.ComponentResource):
    """A VPC whose subnets, one for each zone, have no route to the internet."""

    vpc_id: pulumi.Output[str]
    subnet_ids: Mapping[str, pulumi.Output[str]]
    route_table_id: pulumi.Output[str]
    s3_ranges: pulumi.Output[Sequence[str]]

    def __init__(self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("rialto:aws:Network", name, None, opts)
        inside = pulumi.ResourceOptions(parent=self)
        vpc = aws.ec2.Vpc(
            name,
            cidr_block=str(args.network.range),
            enable_dns_support=True,
            # Endpoints answer under the services' own names.
            enable_dns_hostnames=True,
            tags={"Name": name},
            opts=inside,
        )
        # Whatever is started without a security group of its own reaches nothing and is reached by nothing.
        aws.ec2.DefaultSecurityGroup(f"{name}-default", vpc_id=vpc.id, ingress=[], egress=[], opts=inside)
        # One table for all zones: nothing in it differs by zone, for there are no NAT gateways.
        routes = aws.ec2.RouteTable(
            f"{name}-private", vpc_id=vpc.id, tags={"Name": f"{name}-private"}, opts=inside
        )
        self.vpc_id = vpc.id
        self.route_table_id = routes.id
        self.subnet_ids = {
            zone: _subnet(f"{name}-private-{zone}", zone, str(subnets.private), vpc, routes, inside)
            for zone, subnets in args.network.zones.items()
        }
        self.s3_ranges = self._endpoints(name, args, inside).s3_ranges
        FlowLog(
            f"{name}-flow",
            FlowLogArgs(account=args.account, vpc_id=vpc.id, path=f"{args.log_path}/flow", logs=args.logs),
            inside,
        )
        self.register_outputs(
            {
                "vpc_id": self.vpc_id,
                "subnet_ids": self.subnet_ids,
                "route_table_id": self.route_table_id,
                "s3_ranges": self.s3_ranges,
            }
        )

    def _endpoints(self, name: str, args: NetworkArgs, inside: pulumi.ResourceOptions) -> Endpoints:
        return Endpoints(
            f"{name}-endpoints",
            EndpointsArgs(
                account=args.account,
                region=args.region,
                vpc_id=self.vpc_id,
                vpc_range=args.network.range,
                subnet_ids=list(self.subnet_ids.values()),
                route_table_id=self.route_table_id,
                bucket_arns=args.bucket_arns,
            ),
            inside,
        )


def _subnet(
    name: str,
    zone: str,
    range_: str,
    vpc: aws.ec2.Vpc,
    routes: aws.ec2.RouteTable,
    opts: pulumi.ResourceOptions,
) -> pulumi.Output[str]:
    subnet = aws.ec2.Subnet(
        name,
        vpc_id=vpc.id,
        availability_zone=zone,
        cidr_block=range_,
        map_public_ip_on_launch=False,
        # Load balancers of Kubernetes go here: https://docs.aws.amazon.com/eks/latest/userguide/network-reqs.html
        tags={"Name": name, "kubernetes.io/role/internal-elb": "1"},
        opts=opts,
    )
    aws.ec2.RouteTableAssociation(name, subnet_id=subnet.id, route_table_id=routes.id, opts=opts)
    return subnet.id
