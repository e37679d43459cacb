"""Data at rest that is not encrypted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from infra.policy.estate import Estate, Resource, is_unknown, setting
from infra.policy.finding import Finding

__all__ = ["unencrypted"]

BUCKET_ENCRYPTION = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
# Magnum's labels that name a type of volume.
VOLUME_LABELS = ("boot_volume_type", "etcd_volume_type")


def unencrypted(estate: Estate) -> Iterator[Finding]:
    """Find volumes, buckets, containers and secrets that would be written in plain text."""
    yield from _aws_volumes(estate)
    yield from _buckets(estate)
    yield from _kubernetes_secrets(estate)
    yield from _openstack(estate)


def _aws_volumes(estate: Estate) -> Iterator[Finding]:
    for each in estate.of("aws:ec2/launchTemplate:LaunchTemplate"):
        for disk in each.inputs.get("blockDeviceMappings") or ():
            ebs = disk.get("ebs") or {}
            if str(ebs.get("encrypted")).lower() != "true":
                yield _plain(each, f"blockDeviceMappings {disk.get('deviceName')}: ebs.encrypted", "true")
    for each in estate.of("aws:ebs/volume:Volume"):
        if each.inputs.get("encrypted") is not True:
            yield _plain(each, "encrypted", "true")


def _buckets(estate: Estate) -> Iterator[Finding]:
    encrypted = {each.inputs.get("bucket") for each in estate.of(BUCKET_ENCRYPTION)}
    parents = {each.parent for each in estate.of(BUCKET_ENCRYPTION)}
    for each in estate.of("aws:s3/bucket:Bucket"):
        if each.inputs.get("bucket") not in encrypted and each.parent not in parents:
            yield Finding(
                where=each.name,
                problem="no BucketServerSideEncryptionConfiguration says with which key",
                remedy="add one with sseAlgorithm: aws:kms and the key of aws-keys-objects",
            )


def _kubernetes_secrets(estate: Estate) -> Iterator[Finding]:
    for each in estate.of("aws:eks/cluster:Cluster"):
        if "secrets" not in ((each.inputs.get("encryptionConfig") or {}).get("resources") or ()):
            yield _plain(each, "encryptionConfig.resources", "[secrets], with a key of KMS")
    for each in estate.of("kubernetes:storage.k8s.io/v1:StorageClass"):
        encrypted = (each.inputs.get("parameters") or {}).get("encrypted")
        if each.inputs.get("provisioner") == "ebs.csi.aws.com" and encrypted != "true":
            yield _plain(each, "parameters.encrypted", '"true"')


def _openstack(estate: Estate) -> Iterator[Finding]:
    """Find what is not of the encrypted types that the operator made; which those are, only settings say."""
    volume_type = setting(estate.settings, "openstack.storage.volume-type")
    policy = setting(estate.settings, "openstack.storage.object-policy")
    if volume_type:
        for each, key, found in _volume_types(estate):
            if found != volume_type and not is_unknown(found):
                yield _plain(each, key, f"openstack.storage.volume-type, {volume_type}")
    if policy:
        for each in estate.of("openstack:objectstorage/container:Container"):
            if each.inputs.get("storagePolicy") != policy:
                yield _plain(each, "storagePolicy", f"openstack.storage.object-policy, {policy}")


def _volume_types(estate: Estate) -> Iterator[tuple[Resource, str, Any]]:
    for each in estate.of("openstack:blockstorage/volume:Volume"):
        yield each, "volumeType", each.inputs.get("volumeType")
    for each in estate.of("openstack:compute/instance:Instance"):
        for index, disk in enumerate(each.inputs.get("blockDevices") or ()):
            yield each, f"blockDevices[{index}].volumeType", disk.get("volumeType")
    for each in estate.of("openstack:containerinfra/clusterTemplate:ClusterTemplate"):
        for label in VOLUME_LABELS:
            yield each, f"labels.{label}", (each.inputs.get("labels") or {}).get(label)


def _plain(each: Resource, key: str, right: str) -> Finding:
    return Finding(where=each.name, problem=f"{key} is not {right}", remedy=f"set {key} to {right}")
