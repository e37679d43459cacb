"""What the autoscaler may do in Kubernetes."""

from __future__ import annotations

import pulumi
import pulumi_kubernetes as kubernetes

__all__ = ["CLUSTER_RULES", "OWN_RULES", "declare_access"]

_LOOK = ["get", "list", "watch"]

# https://github.com/kubernetes/autoscaler/blob/master/cluster-autoscaler/cloudprovider/aws/examples/cluster-autoscaler-autodiscover.yaml
CLUSTER_RULES: list[kubernetes.rbac.v1.PolicyRuleArgsDict] = [
    {"api_groups": [""], "resources": ["events"], "verbs": ["create", "patch"]},
    {"api_groups": [""], "resources": ["pods/eviction"], "verbs": ["create"]},
    {"api_groups": [""], "resources": ["pods/status"], "verbs": ["update"]},
    {"api_groups": [""], "resources": ["nodes"], "verbs": [*_LOOK, "update", "delete"]},
    {
        "api_groups": [""],
        "resources": [
            "namespaces",
            "persistentvolumeclaims",
            "persistentvolumes",
            "pods",
            "replicationcontrollers",
            "services",
        ],
        "verbs": _LOOK,
    },
    {"api_groups": ["apps"], "resources": ["daemonsets", "replicasets", "statefulsets"], "verbs": _LOOK},
    {"api_groups": ["batch"], "resources": ["cronjobs", "jobs"], "verbs": _LOOK},
    {"api_groups": ["policy"], "resources": ["poddisruptionbudgets"], "verbs": _LOOK},
    {
        "api_groups": ["storage.k8s.io"],
        "resources": [
            "csidrivers",
            "csinodes",
            "csistoragecapacities",
            "storageclasses",
            "volumeattachments",
        ],
        "verbs": _LOOK,
    },
    {
        "api_groups": ["resource.k8s.io"],
        "resources": ["deviceclasses", "resourceclaims", "resourceslices"],
        "verbs": _LOOK,
    },
]
# Its status, and the lease by which one of its pods leads: in its own namespace only.
OWN_RULES: list[kubernetes.rbac.v1.PolicyRuleArgsDict] = [
    {"api_groups": [""], "resources": ["configmaps"], "verbs": ["create", "list", "watch"]},
    {
        "api_groups": [""],
        "resources": ["configmaps"],
        "resource_names": ["cluster-autoscaler-status"],
        "verbs": ["get", "update", "delete"],
    },
    {"api_groups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["create"]},
    {
        "api_groups": ["coordination.k8s.io"],
        "resources": ["leases"],
        "resource_names": ["cluster-autoscaler"],
        "verbs": ["get", "update"],
    },
]


def declare_access(name: str, account: str, namespace: str, parent: pulumi.Resource) -> list[pulumi.Resource]:
    """Declare the service account and bind both sets of rules to it."""
    inside = pulumi.ResourceOptions(parent=parent)
    here: kubernetes.meta.v1.ObjectMetaArgsDict = {"name": account, "namespace": namespace}
    subject: kubernetes.rbac.v1.SubjectArgsDict = {
        "kind": "ServiceAccount",
        "name": account,
        "namespace": namespace,
    }
    group = "rbac.authorization.k8s.io"
    return [
        # The pod asks for its token itself.
        kubernetes.core.v1.ServiceAccount(
            name, metadata=here, automount_service_account_token=False, opts=inside
        ),
        kubernetes.rbac.v1.ClusterRole(name, metadata={"name": account}, rules=CLUSTER_RULES, opts=inside),
        kubernetes.rbac.v1.ClusterRoleBinding(
            name,
            metadata={"name": account},
            role_ref={"api_group": group, "kind": "ClusterRole", "name": account},
            subjects=[subject],
            opts=inside,
        ),
        kubernetes.rbac.v1.Role(name, metadata=here, rules=OWN_RULES, opts=inside),
        kubernetes.rbac.v1.RoleBinding(
            name,
            metadata=here,
            role_ref={"api_group": group, "kind": "Role", "name": account},
            subjects=[subject],
            opts=inside,
        ),
    ]
