"""What would be lost: deletions and replacements of what holds data, carries traffic, or is protected."""

from __future__ import annotations

from collections.abc import Iterator

from infra.policy.estate import Change, Estate
from infra.policy.finding import Finding

__all__ = ["GOING", "carries_traffic", "holds_data", "loses_data", "loses_protected"]

# What an operation is called when the old resource does not survive it.
GOING = ("delete", "replace")
# Who deletes one of these loses what nobody can make anew; KMS keys and secrets are what other data is read with.
HOLDING = (
    "aws:s3/bucket:Bucket",
    "aws:ebs/volume:Volume",
    "aws:ecr/repository:Repository",
    "aws:kms/key:Key",
    "aws:cloudwatch/logGroup:LogGroup",
    "aws:eks/cluster:Cluster",
    "kubernetes:core/v1:PersistentVolumeClaim",
    "kubernetes:core/v1:Namespace",
    "kubernetes:apps/v1:StatefulSet",
    "openstack:objectstorage/container:Container",
    "openstack:blockstorage/volume:Volume",
    "openstack:keymanager/secretV1:SecretV1",
    "openstack:containerinfra/cluster:Cluster",
)
# Who replaces one of these interrupts requests, the bridge, or the way to what answers.
CARRYING = (
    "aws:ec2/customerGateway:CustomerGateway",
    "aws:ec2/route:Route",
    "aws:ec2/routeTable:RouteTable",
    "aws:ec2/securityGroup:SecurityGroup",
    "aws:ec2/subnet:Subnet",
    "aws:ec2/vpc:Vpc",
    "aws:ec2/vpcEndpoint:VpcEndpoint",
    "aws:ec2/vpnConnection:VpnConnection",
    "aws:ec2transitgateway/",
    "aws:eks/cluster:Cluster",
    "aws:eks/nodeGroup:NodeGroup",
    "aws:vpc/securityGroup",
    "kubernetes:apps/v1:DaemonSet",
    "kubernetes:apps/v1:Deployment",
    "kubernetes:core/v1:Service",
    "kubernetes:networking.k8s.io/v1:NetworkPolicy",
    "openstack:compute/instance:Instance",
    "openstack:containerinfra/",
    "openstack:loadbalancer/",
    "openstack:networking/",
)


def holds_data(change: Change) -> bool:
    """Whether what is changed holds data that this change could lose."""
    return change.resource.type in HOLDING


def carries_traffic(change: Change) -> bool:
    """Whether requests, or the bridge, go through what is changed."""
    return change.resource.type.startswith(CARRYING)


def loses_protected(estate: Estate) -> Iterator[Finding]:
    """Find protected resources that would go; the engine refuses too, but only half-way through an update."""
    for change in estate.changes:
        if change.op in GOING and change.old and change.old.protect:
            yield _lost(change, "is protected")


def loses_data(estate: Estate) -> Iterator[Finding]:
    """Find resources that hold data, not protected, that would go."""
    for change in estate.changes:
        if change.op in GOING and holds_data(change) and not (change.old and change.old.protect):
            yield _lost(change, "holds data")


def _lost(change: Change, why: str) -> Finding:
    done = {"delete": "would be deleted", "replace": "would be replaced"}[change.op]
    reasons = f" ({', '.join(change.reasons)} changed)" if change.reasons else ""
    undo = (
        f"undo the change of {', '.join(change.reasons)}"
        if change.reasons
        else "put it back into the program"
    )
    return Finding(
        where=change.resource.name,
        problem=f"{done}{reasons}, and {why}",
        remedy=f"{undo}, or move the data first and set protect to false for that one update",
    )
