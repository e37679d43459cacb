"""Where the logs of EKS's pods are kept: an encrypted log group with an end, and who may write there."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from infra.aws.identity import PodIdentity, PodIdentityArgs
from infra.aws.log_group import LogArgs, log_group
from infra.aws.policy import Statement
from infra.naming import COLLECTOR_ACCOUNT, LOGS_NAMESPACE

__all__ = ["PodLog", "PodLogArgs"]

# https://docs.fluentbit.io/manual/pipeline/outputs/cloudwatch, without what makes groups.
WRITES = ("logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents")


@dataclass(frozen=True, kw_only=True)
class PodLogArgs:
    """Where it is, how long it is kept, and the cluster whose collector writes."""

    path: str
    logs: LogArgs
    account: str
    cluster_name: pulumi.Input[str]
    cluster_arn: pulumi.Input[str]


class PodLog(pulumi.ComponentResource):
    """A log group that the collector adds to, and of which it reads and deletes nothing."""

    log_group_arn: pulumi.Output[str]

    def __init__(self, name: str, args: PodLogArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("rialto:aws:PodLog", name, None, opts)
        inside = pulumi.ResourceOptions(parent=self)
        group = log_group(name, args.path, args.logs, inside)
        PodIdentity(
            name,
            PodIdentityArgs(
                account=args.account,
                cluster_name=args.cluster_name,
                cluster_arn=args.cluster_arn,
                namespace=LOGS_NAMESPACE,
                service_account=COLLECTOR_ACCOUNT,
                statements=[
                    Statement(sid="Write", actions=WRITES, resources=[pulumi.Output.concat(group.arn, ":*")])
                ],
            ),
            inside,
        )
        self.log_group_arn = group.arn
        self.register_outputs({"log_group_arn": self.log_group_arn})
