"""How the private cloud writes into the bucket: a way in over the bridge, and a user who may do nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from ipaddress import IPv4Network

import pulumi
import pulumi_aws as aws

from infra.aws.identity import StoreRef
from infra.aws.policy import Statement, document

__all__ = ["SyncTarget", "SyncTargetArgs"]

HTTPS = 443
# It compares before it writes, and deletes nothing.
OBJECT_ACTIONS = ("s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject")


@dataclass(frozen=True, kw_only=True)
class SyncTargetArgs:
    """The data sets that are copied here, where they go, who comes from where, and the day its key is replaced."""

    account: str
    store: StoreRef
    data_sets: Sequence[str]
    vpc_id: pulumi.Input[str]
    subnet_ids: Sequence[pulumi.Input[str]]
    private_range: IPv4Network
    expires: date


class SyncTarget(pulumi.ComponentResource):
    """An endpoint of S3 in the VPC, since the gateway endpoint answers nodes only, and a user that it alone serves.

    A pod of the private cluster has no identity that AWS knows, so this is the one long-lived key of the account. It
    works through this endpoint only, which is reached over the bridge only.
    """

    endpoint: pulumi.Output[str]
    access_key: pulumi.Output[str]
    secret_key: pulumi.Output[str]

    def __init__(self, name: str, args: SyncTargetArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("rialto:aws:SyncTarget", name, None, opts)
        self._inside = pulumi.ResourceOptions(parent=self)
        endpoint = self._endpoint(name, args)
        user = aws.iam.User(name, path="/rialto/", force_destroy=True, opts=self._inside)
        policy = aws.iam.UserPolicy(
            name,
            user=user.name,
            policy=document(*_statements(args), _only_through(endpoint.id)),
            opts=self._inside,
        )
        # Named after the day, it is replaced with the credentials of the other side.
        key = aws.iam.AccessKey(
            f"{name}-{args.expires}",
            user=user.name,
            opts=pulumi.ResourceOptions(
                parent=self, depends_on=[policy], additional_secret_outputs=["secret", "sesSmtpPasswordV4"]
            ),
        )
        # S3 gives an endpoint a name for every bucket: https://docs.aws.amazon.com/AmazonS3/latest/userguide/privatelink-interface-endpoints.html
        self.endpoint = endpoint.dns_entries.apply(
            lambda entries: f"https://bucket.{str(entries[0].dns_name).removeprefix('*.')}"
        )
        self.access_key = key.id
        self.secret_key = pulumi.Output.secret(key.secret)
        self.register_outputs(
            {"endpoint": self.endpoint, "access_key": self.access_key, "secret_key": self.secret_key}
        )

    def _endpoint(self, name: str, args: SyncTargetArgs) -> aws.ec2.VpcEndpoint:
        group = aws.ec2.SecurityGroup(
            name,
            vpc_id=args.vpc_id,
            description="HTTPS from the private cloud to S3",
            opts=self._inside,
        )
        aws.vpc.SecurityGroupIngressRule(
            name,
            security_group_id=group.id,
            description="The sync, over the bridge",
            cidr_ipv4=str(args.private_range),
            ip_protocol="tcp",
            from_port=HTTPS,
            to_port=HTTPS,
            opts=self._inside,
        )
        own = [
            Statement(
                sid=each.sid,
                actions=each.actions,
                resources=each.resources,
                principals="*",
                conditions={
                    **(each.conditions or {}),
                    "StringEquals": {"aws:PrincipalAccount": args.account},
                },
            )
            for each in _objects(args)
        ]
        return aws.ec2.VpcEndpoint(
            name,
            vpc_id=args.vpc_id,
            service_name=f"com.amazonaws.{args.store.region}.s3",
            vpc_endpoint_type="Interface",
            # Nodes go on through the gateway endpoint, which costs nothing.
            private_dns_enabled=False,
            subnet_ids=args.subnet_ids,
            security_group_ids=[group.id],
            policy=document(*own),
            tags={"Name": name},
            opts=self._inside,
        )


def _objects(args: SyncTargetArgs) -> list[Statement]:
    return [
        args.store.objects("Copy", OBJECT_ACTIONS, *args.data_sets),
        Statement(
            sid="List",
            actions=["s3:ListBucket"],
            resources=[args.store.bucket_arn],
            conditions={"StringLike": {"s3:prefix": [f"{each}/*" for each in args.data_sets]}},
        ),
    ]


def _statements(args: SyncTargetArgs) -> list[Statement]:
    return [*_objects(args), args.store.key("kms:Decrypt", "kms:GenerateDataKey")]


def _only_through(endpoint_id: pulumi.Input[str]) -> Statement:
    return Statement(
        sid="OnlyOverTheBridge",
        effect="Deny",
        actions=["s3:*"],
        resources=["*"],
        conditions={"StringNotEquals": {"aws:SourceVpce": endpoint_id}},
    )
