"""How alerts leave a VPC without an internet: topics that mail whoever is called, which Alertmanager may use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.aws.identity import PodIdentity, PodIdentityArgs
from infra.aws.policy import Statement
from infra.naming import ALERTMANAGER_ACCOUNT, MONITORING_NAMESPACE
from infra.settings.alerting import TopicSettings

__all__ = ["AlertTopics", "AlertTopicsArgs"]

# SNS's own key: it lets whoever may publish in this account encrypt, and messages go out as mail anyway
# (https://docs.aws.amazon.com/sns/latest/dg/sns-server-side-encryption.html).
KEY = "alias/aws/sns"


@dataclass(frozen=True, kw_only=True)
class AlertTopicsArgs:
    """Who is mailed, and the cluster whose Alertmanager publishes."""

    alerts: TopicSettings
    prefix: str
    account: str
    cluster_name: pulumi.Input[str]
    cluster_arn: pulumi.Input[str]


class AlertTopics(pulumi.ComponentResource):
    """A topic for each severity with one mailbox behind it, which must confirm that it wants the mail."""

    topic_arns: Mapping[str, pulumi.Output[str]]

    def __init__(self, name: str, args: AlertTopicsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("rialto:aws:AlertTopics", name, None, opts)
        inside = pulumi.ResourceOptions(parent=self)
        mailboxes = {"page": args.alerts.page, "ticket": args.alerts.ticket}
        self.topic_arns = {
            severity: _topic(f"{name}-{severity}", f"{args.prefix}-{severity}", mailbox, inside)
            for severity, mailbox in mailboxes.items()
        }
        PodIdentity(
            name,
            PodIdentityArgs(
                account=args.account,
                cluster_name=args.cluster_name,
                cluster_arn=args.cluster_arn,
                namespace=MONITORING_NAMESPACE,
                service_account=ALERTMANAGER_ACCOUNT,
                statements=[
                    Statement(sid="Call", actions=["sns:Publish"], resources=list(self.topic_arns.values()))
                ],
            ),
            inside,
        )
        self.register_outputs({"topic_arns": self.topic_arns})


def _topic(name: str, path: str, mailbox: str, opts: pulumi.ResourceOptions) -> pulumi.Output[str]:
    topic = aws.sns.Topic(name, name=path, kms_master_key_id=KEY, opts=opts)
    aws.sns.TopicSubscription(name, topic=topic.arn, protocol="email", endpoint=mailbox, opts=opts)
    return topic.arn
