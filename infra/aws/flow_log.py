"""A record of every flow in the VPC, accepted or refused."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.aws.log_group import LogArgs, log_group
from infra.aws.policy import Statement, document, service_trust

__all__ = ["FlowLog", "FlowLogArgs"]

# The finer of the two that there are (https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs.html).
AGGREGATION_SECONDS = 60
# https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html
WRITES = ("logs:CreateLogStream", "logs:DescribeLogGroups", "logs:DescribeLogStreams", "logs:PutLogEvents")


@dataclass(frozen=True, kw_only=True)
class FlowLogArgs:
    """Whose flows, and where they are written."""

    account: str
    vpc_id: pulumi.Input[str]
    path: str
    logs: LogArgs


class FlowLog(pulumi.ComponentResource):
    """Flow logs of a VPC in an encrypted log group, written by a role that can do nothing else."""

    log_group_arn: pulumi.Output[str]

    def __init__(self, name: str, args: FlowLogArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("rialto:aws:FlowLog", name, None, opts)
        inside = pulumi.ResourceOptions(parent=self)
        group = log_group(name, args.path, args.logs, inside)
        role = aws.iam.Role(
            name,
            assume_role_policy=service_trust("vpc-flow-logs.amazonaws.com", account=args.account),
            opts=inside,
        )
        write = Statement(
            sid="Write",
            actions=WRITES,
            resources=[pulumi.Output.concat(group.arn, ":*")],
        )
        aws.iam.RolePolicy(name, role=role.name, policy=document(write), opts=inside)
        aws.ec2.FlowLog(
            name,
            vpc_id=args.vpc_id,
            traffic_type="ALL",
            max_aggregation_interval=AGGREGATION_SECONDS,
            log_destination_type="cloud-watch-logs",
            log_destination=group.arn,
            iam_role_arn=role.arn,
            opts=inside,
        )
        self.log_group_arn = group.arn
        self.register_outputs({"log_group_arn": self.log_group_arn})
