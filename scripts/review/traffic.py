"""What requests and the bridge will see of a change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from infra.policy.estate import Change
from infra.policy.loss import GOING, carries_traffic

__all__ = ["bridge_changes", "effects", "is_risky"]

# The components of the bridge, both ends.
_BRIDGE = (
    "rialto:aws:Vpn",
    "rialto:aws:VpnConnection",
    "rialto:openstack:GatewayAddresses",
    "rialto:openstack:GatewayMachines",
)
# By the beginning of the type; what an update in place does.
_UPDATED = {
    "kubernetes:apps/v1:Deployment": "pods are replaced one after the other; requests go on",
    "kubernetes:apps/v1:DaemonSet": "its pods are replaced node by node",
    "aws:eks/nodeGroup:NodeGroup": "nodes come or go; pods of those that go are moved first",
    "aws:eks/cluster:Cluster": "the control plane changes; what runs goes on running",
    "aws:ec2/vpnConnection:VpnConnection": "AWS replaces one tunnel's endpoint at a time; the other carries",
    "openstack:compute/instance:Instance": "the machine may restart; the other gateway carries meanwhile",
    "aws:vpc/securityGroup": "who may reach what changes at once",
    "openstack:networking/secGroupRule": "who may reach what changes at once",
    "kubernetes:networking.k8s.io/v1:NetworkPolicy": "who may reach the pods changes at once",
}
_GONE = {
    "kubernetes:apps/v1:Deployment": "no pod answers until the new ones are ready",
    "aws:eks/nodeGroup:NodeGroup": "all its nodes are drained; pods wait for the new ones",
    "aws:ec2/vpnConnection:VpnConnection": "both tunnels of this gateway are down until the new ones are up",
    "openstack:compute/instance:Instance": "the gateway is away until its successor has booted",
    "openstack:networking/floatingIp": "its address changes: whoever names it must be told",
}


def effects(changes: Iterable[Change]) -> Iterator[tuple[Change, str]]:
    """Each change of what carries traffic, and what a caller will see of it; new things disturb nobody."""
    for change in changes:
        if carries_traffic(change) and change.op != "create":
            words = _GONE if change.op in GOING else _UPDATED
            default = "interrupted while it is away" if change.op in GOING else "changed in place"
            found = (text for kind, text in words.items() if change.resource.type.startswith(kind))
            yield change, next(found, default)


def bridge_changes(changes: Iterable[Change]) -> list[Change]:
    """What changes at either end of the bridge."""
    return [each for each in changes if each.resource.component in _BRIDGE]


def is_risky(change: Change) -> bool:
    """Whether requests may fail meanwhile."""
    return change.op in GOING and carries_traffic(change)
