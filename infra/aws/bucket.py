"""An S3 bucket as all of ours are: private, encrypted, versioned, over TLS."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.aws.policy import Statement, document

__all__ = ["ACCESS_LOG_PREFIX", "Bucket", "BucketArgs"]

ACCESS_LOG_PREFIX = "access/"

# An upload that nobody finished costs as if it were there.
UNFINISHED_UPLOAD_DAYS = 7
MIN_TLS = "1.2"


@dataclass(frozen=True, kw_only=True)
class BucketArgs:
    """What one bucket adds: its key (none where a service writes that knows only S3's own), its life, its rules.

    Objects below a `write_once` prefix are never overwritten; `access_log_of` is a bucket's ARN.
    """

    account: str
    protect: bool
    noncurrent_days: int
    key_arn: pulumi.Input[str] | None = None
    expire_days: int | None = None
    write_once: Sequence[str] = ()
    access_log_of: pulumi.Input[str] | None = None


class Bucket(pulumi.ComponentResource):
    """A bucket with everything that a review asks for."""

    bucket: pulumi.Output[str]
    arn: pulumi.Output[str]

    def __init__(self, name: str, args: BucketArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("rialto:aws:Bucket", name, None, opts)
        inside = pulumi.ResourceOptions(parent=self)
        bucket = aws.s3.Bucket(
            name,
            # What is not protected is for trying out, and goes with all that is in it.
            force_destroy=not args.protect,
            opts=pulumi.ResourceOptions(parent=self, protect=args.protect),
        )
        closed = aws.s3.BucketPublicAccessBlock(
            name,
            bucket=bucket.bucket,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=inside,
        )
        aws.s3.BucketOwnershipControls(
            name, bucket=bucket.bucket, rule={"object_ownership": "BucketOwnerEnforced"}, opts=inside
        )
        aws.s3.BucketServerSideEncryptionConfiguration(
            name, bucket=bucket.bucket, rules=[_encryption(args.key_arn)], opts=inside
        )
        versioning = aws.s3.BucketVersioning(
            name, bucket=bucket.bucket, versioning_configuration={"status": "Enabled"}, opts=inside
        )
        aws.s3.BucketLifecycleConfiguration(
            name,
            bucket=bucket.bucket,
            rules=_lifecycle(args),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[versioning]),
        )
        aws.s3.BucketPolicy(
            name,
            bucket=bucket.bucket,
            policy=document(*_policy(bucket.arn, args)),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[closed]),
        )
        self.bucket, self.arn = bucket.bucket, bucket.arn
        self.register_outputs({"bucket": self.bucket, "arn": self.arn})


def _encryption(
    key_arn: pulumi.Input[str] | None,
) -> aws.s3.BucketServerSideEncryptionConfigurationRuleArgsDict:
    if key_arn is None:
        return {"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}}
    return {
        "apply_server_side_encryption_by_default": {"sse_algorithm": "aws:kms", "kms_master_key_id": key_arn},
        # One call to KMS for many objects.
        "bucket_key_enabled": True,
    }


def _lifecycle(args: BucketArgs) -> list[aws.s3.BucketLifecycleConfigurationRuleArgsDict]:
    rules: list[aws.s3.BucketLifecycleConfigurationRuleArgsDict] = [
        {
            "id": "unfinished-uploads",
            "status": "Enabled",
            "filter": {},
            "abort_incomplete_multipart_upload": {"days_after_initiation": UNFINISHED_UPLOAD_DAYS},
        },
        {
            "id": "noncurrent-versions",
            "status": "Enabled",
            "filter": {},
            "noncurrent_version_expiration": {"noncurrent_days": args.noncurrent_days},
        },
    ]
    if args.expire_days:
        rules.append(
            {"id": "old", "status": "Enabled", "filter": {}, "expiration": {"days": args.expire_days}}
        )
    return rules


def _policy(arn: pulumi.Output[str], args: BucketArgs) -> list[Statement]:
    """Refusals, which no IAM policy overrides, and one permission where S3 writes an access log."""
    objects = pulumi.Output.concat(arn, "/*")
    whole = [arn, objects]
    refused = [
        _deny("PlainHttp", ["s3:*"], whole, {"Bool": {"aws:SecureTransport": "false"}}),
        _deny("OldTls", ["s3:*"], whole, {"NumericLessThan": {"s3:TlsVersion": MIN_TLS}}),
        _deny(
            "OtherAccounts",
            ["s3:*"],
            whole,
            {
                "StringNotEquals": {"aws:PrincipalAccount": args.account},
                "Bool": {"aws:PrincipalIsAWSService": "false"},
            },
        ),
    ]
    if args.key_arn is not None:
        # Who asks for nothing gets the bucket's default; who asks for another algorithm or key is refused.
        algorithm, key = "s3:x-amz-server-side-encryption", "s3:x-amz-server-side-encryption-aws-kms-key-id"
        refused += [
            _deny("OtherEncryption", ["s3:PutObject"], [objects], _given_but(algorithm, "aws:kms")),
            _deny("OtherKey", ["s3:PutObject"], [objects], _given_but(key, args.key_arn)),
        ]
    if args.write_once:
        # https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes-enforce.html: parts of an upload
        # carry no such header, its completion does.
        refused.append(
            _deny(
                "Overwriting",
                ["s3:PutObject"],
                [pulumi.Output.concat(arn, "/", prefix, "/*") for prefix in args.write_once],
                {"Null": {"s3:if-none-match": "true"}, "Bool": {"s3:ObjectCreationOperation": "true"}},
            )
        )
    if args.access_log_of is not None:
        return [*refused, _access_log(arn, args.access_log_of, args.account)]
    return refused


def _access_log(log: pulumi.Input[str], store: pulumi.Input[str], account: str) -> Statement:
    # https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html
    return Statement(
        sid="AccessLog",
        actions=["s3:PutObject"],
        resources=[pulumi.Output.concat(log, f"/{ACCESS_LOG_PREFIX}*")],
        principals={"Service": "logging.s3.amazonaws.com"},
        conditions={"ArnLike": {"aws:SourceArn": store}, "StringEquals": {"aws:SourceAccount": account}},
    )


def _given_but(key: str, value: pulumi.Input[str]) -> dict[str, dict[str, pulumi.Input[str]]]:
    """A condition: the request says something of `key`, and it is not `value`."""
    return {"Null": {key: "false"}, "StringNotEquals": {key: value}}


def _deny(
    sid: str,
    actions: list[str],
    resources: Sequence[pulumi.Input[str]],
    conditions: dict[str, dict[str, pulumi.Input[str]]],
) -> Statement:
    return Statement(
        sid=sid, actions=actions, resources=resources, principals="*", conditions=conditions, effect="Deny"
    )
