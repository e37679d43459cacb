"""Log groups: encrypted, and gone after the days that the stack chose."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

__all__ = ["LogArgs", "log_group"]


@dataclass(frozen=True, kw_only=True)
class LogArgs:
    """How every log of the estate is kept."""

    days: int
    key_arn: pulumi.Input[str]


def log_group(name: str, path: str, args: LogArgs, opts: pulumi.ResourceOptions) -> aws.cloudwatch.LogGroup:
    """Declare the log group at `path`."""
    return aws.cloudwatch.LogGroup(
        name, name=path, retention_in_days=args.days, kms_key_id=args.key_arn, opts=opts
    )
