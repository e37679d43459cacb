"""IAM policies as values: statements in, one JSON document out."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pulumi

__all__ = ["Statement", "document", "pod_trust", "service_trust"]

# Conditions and principals as IAM writes them, with Outputs for what is known only later.
Clause = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Statement:
    """One statement; `resources` is empty in a trust policy, whose resource is the role itself."""

    sid: str
    actions: Sequence[str]
    resources: Sequence[pulumi.Input[str]] = ()
    principals: Clause | Literal["*"] | None = None
    conditions: Clause | None = None
    effect: Literal["Allow", "Deny"] = "Allow"

    def as_dict(self) -> dict[str, Any]:
        """The statement as IAM writes it."""
        optional = {
            "Principal": self.principals,
            "Resource": list(self.resources),
            "Condition": self.conditions,
        }
        return {
            "Sid": self.sid,
            "Effect": self.effect,
            "Action": list(self.actions),
            **{key: value for key, value in optional.items() if value},
        }


def document(*statements: Statement) -> pulumi.Output[str]:
    """The JSON text of a policy."""
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_version.html
    body = {"Version": "2012-10-17", "Statement": [each.as_dict() for each in statements]}
    return pulumi.Output.from_input(body).apply(json.dumps)


def service_trust(service: str, *, account: str) -> pulumi.Output[str]:
    """A trust policy for one AWS service, acting for this account only."""
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html
    return document(
        Statement(
            sid="Service",
            actions=["sts:AssumeRole"],
            principals={"Service": service},
            conditions={"StringEquals": {"aws:SourceAccount": account}},
        )
    )


def pod_trust(
    *, account: str, cluster_arn: pulumi.Input[str], namespace: str, service_account: str
) -> pulumi.Output[str]:
    """A trust policy for the pods of one service account in one cluster."""
    # https://docs.aws.amazon.com/eks/latest/userguide/pod-id-role.html
    return document(
        Statement(
            sid="Pods",
            actions=["sts:AssumeRole", "sts:TagSession"],
            principals={"Service": "pods.eks.amazonaws.com"},
            conditions={
                "StringEquals": {
                    "aws:SourceAccount": account,
                    "aws:RequestTag/kubernetes-namespace": namespace,
                    "aws:RequestTag/kubernetes-service-account": service_account,
                },
                "ArnEquals": {"aws:SourceArn": cluster_arn},
            },
        )
    )
