"""How rclone copies one data set from the private object store to AWS's bucket: its commands and its remotes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pulumi

from infra.inference.store_access import FILE, StoreAccess
from infra.settings.residency import Label
from model.artifact import MANIFEST

__all__ = [
    "MANIFEST_MINUTES",
    "MAX_MINUTES",
    "PRIVATE",
    "PUBLIC",
    "arguments",
    "environment",
    "folder",
    "steps",
]

# Names of rclone's remotes.
PRIVATE = "private"
PUBLIC = "aws"
# A copy that is not done by then stops where it is, and the next one goes on from there.
MAX_MINUTES = 10
# A manifest this old lay beside its files before the copy of those began: `serving.publish` writes it last.
MANIFEST_MINUTES = MAX_MINUTES + 2
# rclone has no configuration file: this name says so (https://rclone.org/docs/#config-string).
NO_FILE = "/notfound"
FLAGS = (
    # A bridge that is down neither refuses nor answers; one whose gateway died is back within 20 s.
    "--contimeout=10s",
    "--timeout=20s",
    # The next copy is the retry: rclone's own, times those of its S3 client, would wait for minutes.
    "--low-level-retries=1",
    "--retries=1",
    f"--max-duration={MAX_MINUTES}m",
    "--cutoff-mode=hard",
    "--log-level=INFO",
    "--stats=1m",
    "--stats-one-line",
)
# A name in a release means one content for ever; AWS's bucket takes only writes that would replace nothing.
WRITE_ONCE = ("--immutable", "--size-only", "--header-upload=If-None-Match: *")

STEPS: Mapping[Label, Mapping[str, Sequence[str]]] = {
    "hot": {"objects": ()},
    "release": {
        "files": (*WRITE_ONCE, f"--exclude={MANIFEST}"),
        "manifests": (*WRITE_ONCE, f"--include={MANIFEST}", f"--min-age={MANIFEST_MINUTES}m"),
    },
}


def steps(label: Label) -> Mapping[str, Sequence[str]]:
    """What is copied after what, by name: the flags of each step; ValueError for data that may not leave."""
    if label not in STEPS:
        raise ValueError(f"data labelled {label} stays in the private cloud; copy a data set labelled hot")
    return STEPS[label]


def arguments(
    flags: Sequence[str], container: pulumi.Input[str], bucket: pulumi.Input[str], prefix: str
) -> list[pulumi.Input[str]]:
    """Rclone's arguments for one step of a copy from `container` to `prefix` in AWS's `bucket`."""
    source = pulumi.Output.concat(f"{PRIVATE}:", container)
    return ["copy", source, pulumi.Output.concat(f"{PUBLIC}:", bucket, f"/{prefix}"), *FLAGS, *flags]


def folder(remote: str) -> str:
    """Where the key of a remote lies in the pod, in a file called `FILE`."""
    return f"/var/run/{remote}"


def environment(
    private: StoreAccess, public: StoreAccess, key_arn: pulumi.Input[str]
) -> dict[str, pulumi.Input[str]]:
    """Rclone's two remotes as variables (https://rclone.org/docs/#environment-variables); none holds a secret."""
    aws: dict[str, pulumi.Input[str]] = {
        "PROVIDER": "AWS",
        # An endpoint in a VPC has one certificate for all buckets.
        "FORCE_PATH_STYLE": "true",
        "NO_CHECK_BUCKET": "true",
        # So that rclone knows that an ETag is no MD5 there, and S3 takes our key instead of its own.
        "SERVER_SIDE_ENCRYPTION": "aws:kms",
        "SSE_KMS_KEY_ID": key_arn,
    }
    return {
        "RCLONE_CONFIG": NO_FILE,
        # A pod has no business with its node's identity.
        "AWS_EC2_METADATA_DISABLED": "true",
        **_remote(PRIVATE, private, {"PROVIDER": "Other"}),
        **_remote(PUBLIC, public, aws),
    }


def _remote(
    name: str, access: StoreAccess, options: Mapping[str, pulumi.Input[str]]
) -> dict[str, pulumi.Input[str]]:
    assert access.endpoint is not None, f"{name} is reached at an endpoint of its own"
    every: dict[str, pulumi.Input[str]] = {
        "TYPE": "s3",
        "ENV_AUTH": "true",
        "SHARED_CREDENTIALS_FILE": f"{folder(name)}/{FILE}",
        "ENDPOINT": access.endpoint,
        "REGION": access.region,
        **options,
    }
    return {f"RCLONE_CONFIG_{name.upper()}_{key}": value for key, value in every.items()}
