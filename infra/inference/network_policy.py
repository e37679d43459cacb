"""Which connections pods may open: none, but those named here."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
import pulumi_kubernetes as kubernetes

from infra.inference.store_access import StoreAccess

__all__ = ["NAMESPACE_NAME_LABEL", "Egress", "default_deny", "to_identity_agent", "to_names", "to_store"]

# Kubernetes itself sets it on every namespace
# (https://kubernetes.io/docs/reference/labels-annotations-taints/#kubernetes-io-metadata-name).
NAMESPACE_NAME_LABEL = "kubernetes.io/metadata.name"
# The label of CoreDNS' pods, in EKS's add-on and in kubeadm alike.
DNS_LABELS = {"k8s-app": "kube-dns"}
DNS_PORT = 53
# EKS Pod Identity's agent, on every node (https://docs.aws.amazon.com/eks/latest/userguide/pod-id-how-it-works.html).
IDENTITY_AGENT = "169.254.170.23/32"
IDENTITY_PORT = 80

Egress = kubernetes.networking.v1.NetworkPolicyEgressRuleArgsDict


def default_deny(
    name: str, namespace: pulumi.Input[str], opts: pulumi.ResourceOptions
) -> kubernetes.networking.v1.NetworkPolicy:
    """Declare that no pod of the namespace may call or be called, unless another policy allows it."""
    return kubernetes.networking.v1.NetworkPolicy(
        name,
        metadata={"name": "default-deny", "namespace": namespace},
        spec={"pod_selector": {}, "policy_types": ["Ingress", "Egress"]},
        opts=opts,
    )


def to_names() -> Egress:
    """To the cluster's DNS."""
    return {
        "to": [
            {
                "namespace_selector": {"match_labels": {NAMESPACE_NAME_LABEL: "kube-system"}},
                "pod_selector": {"match_labels": DNS_LABELS},
            }
        ],
        "ports": [{"protocol": protocol, "port": DNS_PORT} for protocol in ("UDP", "TCP")],
    }


def to_store(access: StoreAccess) -> Sequence[Egress]:
    """To the object store, and to whoever says who a pod is there."""
    blocks = pulumi.Output.from_input(access.ranges).apply(lambda ranges: [_block(each) for each in ranges])
    store: Egress = {"to": blocks, "ports": [{"protocol": "TCP", "port": access.port}]}
    if access.key is not None:
        return [store]
    return [store, to_identity_agent()]


def to_identity_agent() -> Egress:
    """To whoever says who a pod is on AWS."""
    return {
        "to": [_block(IDENTITY_AGENT)],
        "ports": [{"protocol": "TCP", "port": IDENTITY_PORT}],
    }


def _block(cidr: str) -> kubernetes.networking.v1.NetworkPolicyPeerArgsDict:
    return {"ip_block": {"cidr": cidr}}
