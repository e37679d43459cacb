"""Which pods may do what on AWS: by service account, without a key that anybody could copy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.aws.policy import Statement, document, pod_trust
from infra.naming import NAMESPACE, TRAINING_ACCOUNT, TRITON_ACCOUNT, release_prefix

__all__ = [
    "PodIdentity",
    "PodIdentityArgs",
    "ReleaseReader",
    "ReleaseReaderArgs",
    "StoreRef",
    "TrainingWriter",
    "TrainingWriterArgs",
]


@dataclass(frozen=True, kw_only=True)
class PodIdentityArgs:
    """Which pods, and what they may do."""

    account: str
    cluster_name: pulumi.Input[str]
    cluster_arn: pulumi.Input[str]
    namespace: str
    service_account: str
    statements: Sequence[Statement]


class PodIdentity(pulumi.ComponentResource):
    """A role that one service account of one cluster acts in."""

    role_arn: pulumi.Output[str]

    def __init__(self, name: str, args: PodIdentityArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("rialto:aws:PodIdentity", name, None, opts)
        inside = pulumi.ResourceOptions(parent=self)
        trust = pod_trust(
            account=args.account,
            cluster_arn=args.cluster_arn,
            namespace=args.namespace,
            service_account=args.service_account,
        )
        role = aws.iam.Role(name, assume_role_policy=trust, opts=inside)
        policy = aws.iam.RolePolicy(name, role=role.name, policy=document(*args.statements), opts=inside)
        aws.eks.PodIdentityAssociation(
            name,
            cluster_name=args.cluster_name,
            namespace=args.namespace,
            service_account=args.service_account,
            role_arn=role.arn,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[policy]),
        )
        self.role_arn = role.arn
        self.register_outputs({"role_arn": self.role_arn})


@dataclass(frozen=True, kw_only=True)
class StoreRef:
    """The bucket, its key, and the region whose S3 may use that key for a caller."""

    bucket_arn: pulumi.Input[str]
    key_arn: pulumi.Input[str]
    region: str

    def objects(self, sid: str, actions: Sequence[str], *prefixes: str) -> Statement:
        """What may be done with the objects below some prefixes."""
        return Statement(
            sid=sid,
            actions=actions,
            resources=[pulumi.Output.concat(self.bucket_arn, f"/{prefix}/*") for prefix in prefixes],
        )

    def key(self, *actions: str) -> Statement:
        """What S3, and no one else, may do with the key in the caller's name."""
        return Statement(
            sid="Key",
            actions=actions,
            resources=[self.key_arn],
            conditions={"StringEquals": {"kms:ViaService": f"s3.{self.region}.amazonaws.com"}},
        )


@dataclass(frozen=True, kw_only=True)
class ReleaseReaderArgs:
    """Which release of which data set, and the cluster whose Triton reads it."""

    account: str
    cluster_name: pulumi.Input[str]
    cluster_arn: pulumi.Input[str]
    store: StoreRef
    data_set: str
    digest: str


class ReleaseReader(pulumi.ComponentResource):
    """Lets Triton read the files of one release. It lists nothing: the release's manifest names its files."""

    role_arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: ReleaseReaderArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("rialto:aws:ReleaseReader", name, None, opts)
        prefix = f"{args.data_set}/{release_prefix(args.digest)}"
        identity = PodIdentity(
            name,
            PodIdentityArgs(
                account=args.account,
                cluster_name=args.cluster_name,
                cluster_arn=args.cluster_arn,
                namespace=NAMESPACE,
                service_account=TRITON_ACCOUNT,
                statements=[
                    args.store.objects("Release", ["s3:GetObject"], prefix),
                    args.store.key("kms:Decrypt"),
                ],
            ),
            pulumi.ResourceOptions(parent=self),
        )
        self.role_arn = identity.role_arn
        self.register_outputs({"role_arn": self.role_arn})


@dataclass(frozen=True, kw_only=True)
class TrainingWriterArgs:
    """What training reads and writes, and the cluster where it runs."""

    account: str
    cluster_name: pulumi.Input[str]
    cluster_arn: pulumi.Input[str]
    store: StoreRef
    reads: Sequence[str]
    writes: str


class TrainingWriter(pulumi.ComponentResource):
    """Lets the training job read hot data and its code, and add releases: the bucket refuses to overwrite one."""

    role_arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: TrainingWriterArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("rialto:aws:TrainingWriter", name, None, opts)
        identity = PodIdentity(
            name,
            PodIdentityArgs(
                account=args.account,
                cluster_name=args.cluster_name,
                cluster_arn=args.cluster_arn,
                namespace=NAMESPACE,
                service_account=TRAINING_ACCOUNT,
                statements=_training(args),
            ),
            pulumi.ResourceOptions(parent=self),
        )
        self.role_arn = identity.role_arn
        self.register_outputs({"role_arn": self.role_arn})


def _training(args: TrainingWriterArgs) -> list[Statement]:
    prefixes = [f"{each}/*" for each in args.reads]
    return [
        args.store.objects("Read", ["s3:GetObject"], *args.reads),
        # Hot data arrives in files whose names are not known beforehand.
        Statement(
            sid="List",
            actions=["s3:ListBucket"],
            resources=[args.store.bucket_arn],
            conditions={"StringLike": {"s3:prefix": prefixes}},
        ),
        # It reads back what it wrote: a release is proven in place. It may delete nothing.
        args.store.objects(
            "Release",
            ["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"],
            f"{args.writes}/sha256",
        ),
        # Generating a data key encrypts what is written; decrypting is for parts of an upload, too.
        args.store.key("kms:Decrypt", "kms:GenerateDataKey"),
    ]
