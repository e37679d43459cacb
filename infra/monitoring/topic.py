"""Who is called from AWS: topics of SNS, which its VPC reaches without an internet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi

from infra.inference.network_policy import to_identity_agent
from infra.monitoring.outlet import Outlet
from infra.monitoring.routing import LINES, NAME, configuration

__all__ = ["topic_configuration", "topics"]

HTTPS = 443


def topics(arns: Mapping[str, pulumi.Input[str]], region: str, endpoints: str) -> Outlet:
    """Topics by severity; `endpoints` is the range in which AWS's services answer."""
    return Outlet(
        configuration=topic_configuration(arns, region),
        egress=[
            {"to": [{"ip_block": {"cidr": endpoints}}], "ports": [{"protocol": "TCP", "port": HTTPS}]},
            to_identity_agent(),
        ],
    )


def topic_configuration(arns: Mapping[str, pulumi.Input[str]], region: str) -> dict[str, Any]:
    """Alertmanager's file. It has no key: EKS says who its pod is."""
    return configuration(
        {
            "page": {"sns_configs": [_topic(arns["page"], region)]},
            "ticket": {"sns_configs": [_topic(arns["ticket"], region)]},
        },
        {},
    )


def _topic(arn: pulumi.Input[str], region: str) -> dict[str, Any]:
    return {
        "topic_arn": arn,
        "sigv4": {"region": region},
        "send_resolved": True,
        # SNS takes 100 characters (https://docs.aws.amazon.com/sns/latest/api/API_Publish.html).
        "subject": f"[{{{{ .Status }}}}] {NAME}",
        "message": LINES,
    }
