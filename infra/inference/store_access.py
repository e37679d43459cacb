"""How pods of one cluster reach the object store: address, network, and who they are to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as kubernetes

__all__ = [
    "FILE",
    "FILE_MODE",
    "StoreAccess",
    "StoreKey",
    "store_environment",
    "store_mounts",
    "store_secret",
    "store_volumes",
]

VOLUME = "store-key"
FOLDER = "/var/run/store"
FILE = "credentials"
# Only its owner reads it, and the pod's group, which is how a pod's user comes by a secret's file.
FILE_MODE = 0o440
HTTPS = 443


@dataclass(frozen=True, kw_only=True)
class StoreKey:
    """An S3 key; pods on AWS need none."""

    access_key: pulumi.Input[str]
    secret_key: pulumi.Input[str]


@dataclass(frozen=True, kw_only=True)
class StoreAccess:
    """Where S3 is for this cluster; `ranges` are its addresses as CIDR.

    `endpoint` is None for AWS's own S3; `key` is None where EKS Pod Identity says who a pod is.
    """

    region: pulumi.Input[str]
    ranges: pulumi.Input[Sequence[str]]
    port: int = HTTPS
    endpoint: pulumi.Input[str] | None = None
    key: StoreKey | None = None


def store_environment(access: StoreAccess) -> list[kubernetes.core.v1.EnvVarArgsDict]:
    """The usual variables of AWS's SDKs; none holds a secret."""
    variables: dict[str, pulumi.Input[str]] = {
        "AWS_DEFAULT_REGION": access.region,
        # A pod has no business with the node's own identity.
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    if access.endpoint is not None:
        variables["AWS_ENDPOINT_URL_S3"] = access.endpoint
    if access.key is not None:
        variables["AWS_SHARED_CREDENTIALS_FILE"] = f"{FOLDER}/{FILE}"
    return [{"name": name, "value": value} for name, value in variables.items()]


def store_secret(
    name: str,
    access: StoreAccess,
    metadata: kubernetes.meta.v1.ObjectMetaArgsDict,
    opts: pulumi.ResourceOptions,
) -> kubernetes.core.v1.Secret | None:
    """Declare the Secret that holds the key, as the file that AWS's SDKs read; None where there is no key."""
    if access.key is None:
        return None
    text = pulumi.Output.format(
        "[default]\naws_access_key_id = {0}\naws_secret_access_key = {1}\n",
        access.key.access_key,
        access.key.secret_key,
    )
    hidden: pulumi.Output[str] = pulumi.Output.secret(text)
    return kubernetes.core.v1.Secret(
        name, metadata=metadata, type="Opaque", string_data={FILE: hidden}, opts=opts
    )


def store_volumes(access: StoreAccess, secret: str) -> list[kubernetes.core.v1.VolumeArgsDict]:
    """The pod's volume of the Secret called `secret`."""
    if access.key is None:
        return []
    return [{"name": VOLUME, "secret": {"secret_name": secret, "default_mode": FILE_MODE}}]


def store_mounts(access: StoreAccess) -> list[kubernetes.core.v1.VolumeMountArgsDict]:
    """The mount for the container that talks to the store."""
    if access.key is None:
        return []
    return [{"name": VOLUME, "mount_path": FOLDER, "read_only": True}]
