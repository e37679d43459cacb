"""The KMS keys of the estate: one for each kind of content, so that a grant on one opens no other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.aws.policy import Statement, document

__all__ = ["Keys", "KeysArgs"]

# https://docs.aws.amazon.com/kms/latest/developerguide/deleting-keys.html: the longest, to notice a mistake in.
DELETION_WINDOW_DAYS = 30
# https://docs.aws.amazon.com/kms/latest/developerguide/rotate-keys.html
ROTATION_DAYS = 365
USES = (
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
)


@dataclass(frozen=True, kw_only=True)
class KeysArgs:
    """Whose keys, and what protects them."""

    account: str
    region: str
    protect: bool


class Keys(pulumi.ComponentResource):
    """Keys for logs, cluster secrets, volumes, objects and images, each rotated every year."""

    logs: pulumi.Output[str]
    cluster: pulumi.Output[str]
    volumes: pulumi.Output[str]
    objects: pulumi.Output[str]
    images: pulumi.Output[str]

    def __init__(self, name: str, args: KeysArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("rialto:aws:Keys", name, None, opts)
        arns = {
            purpose: _key(f"{name}-{purpose}", purpose, others, args, self)
            for purpose, others in _others(args).items()
        }
        self.logs, self.cluster, self.volumes = arns["logs"], arns["cluster"], arns["volumes"]
        self.objects, self.images = arns["objects"], arns["images"]
        self.register_outputs(arns)


def _others(args: KeysArgs) -> Mapping[str, tuple[Statement, ...]]:
    """By purpose: who may use the key beside those whom IAM policies of this account allow to."""
    return {
        "logs": (_log_service(args),),
        "cluster": (),
        "volumes": _scaling(args),
        "objects": (),
        "images": (),
    }


def _log_service(args: KeysArgs) -> Statement:
    # https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
    groups = f"arn:aws:logs:{args.region}:{args.account}:log-group:*"
    return Statement(
        sid="Logs",
        actions=USES,
        resources=["*"],
        principals={"Service": f"logs.{args.region}.amazonaws.com"},
        conditions={"ArnLike": {"kms:EncryptionContext:aws:logs:arn": groups}},
    )


def _scaling(args: KeysArgs) -> tuple[Statement, Statement]:
    # https://docs.aws.amazon.com/autoscaling/ec2/userguide/key-policy-requirements-EBS-encryption.html
    role = f"arn:aws:iam::{args.account}:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
    return (
        Statement(sid="Scaling", actions=USES, resources=["*"], principals={"AWS": role}),
        Statement(
            sid="ScalingGrants",
            actions=["kms:CreateGrant"],
            resources=["*"],
            principals={"AWS": role},
            conditions={"Bool": {"kms:GrantIsForAWSResource": "true"}},
        ),
    )


def _key(
    name: str, purpose: str, others: tuple[Statement, ...], args: KeysArgs, parent: pulumi.Resource
) -> pulumi.Output[str]:
    # Without this statement nobody could ever change the key again
    # (https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html). "*" is the key itself.
    account = Statement(
        sid="Account",
        actions=["kms:*"],
        resources=["*"],
        principals={"AWS": f"arn:aws:iam::{args.account}:root"},
    )
    key = aws.kms.Key(
        name,
        description=f"Rialto: {purpose}",
        enable_key_rotation=True,
        rotation_period_in_days=ROTATION_DAYS,
        deletion_window_in_days=DELETION_WINDOW_DAYS,
        policy=document(account, *others),
        opts=pulumi.ResourceOptions(parent=parent, protect=args.protect),
    )
    aws.kms.Alias(
        name, name=f"alias/{name}", target_key_id=key.key_id, opts=pulumi.ResourceOptions(parent=parent)
    )
    return key.arn
