"""EKS's own add-ons, with the versions that the stack pins."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.aws.policy import pod_trust

__all__ = ["NodeAddOns", "NodeAddOnsArgs", "PodAddOns", "PodAddOnsArgs"]

# https://docs.aws.amazon.com/eks/latest/userguide/cni-iam-role.html
CNI_POLICY = "arn:aws:iam::aws:policy/AmazonEKS_CNI_Policy"
CNI_ACCOUNT = "aws-node"
# Pods get blocks of 16 addresses, so that a small node holds 110 of them; NetworkPolicy is enforced by the CNI itself
# (https://docs.aws.amazon.com/eks/latest/best-practices/prefix-mode-linux.html).
CNI = {
    "enableNetworkPolicy": "true",
    "env": {"ENABLE_PREFIX_DELEGATION": "true", "WARM_PREFIX_TARGET": "1"},
}
# Two answer while one is replaced, in different zones; more when the cluster grows.
COREDNS = {"autoScaling": {"enabled": True, "minReplicas": 2, "maxReplicas": 10}}


@dataclass(frozen=True, kw_only=True)
class NodeAddOnsArgs:
    """The versions of what every node runs."""

    account: str
    cluster_name: pulumi.Input[str]
    cluster_arn: pulumi.Input[str]
    vpc_cni: str
    kube_proxy: str
    eks_pod_identity_agent: str


class NodeAddOns(pulumi.ComponentResource):
    """What a node needs before it is ready: so there before any node, and nodes take the cluster's name from here."""

    cluster_name: pulumi.Output[str]

    def __init__(self, name: str, args: NodeAddOnsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("rialto:aws:NodeAddOns", name, None, opts)
        inside = pulumi.ResourceOptions(parent=self)
        # Not the nodes' role: what the CNI may do to interfaces, no other pod on the node may.
        trust = pod_trust(
            account=args.account,
            cluster_arn=args.cluster_arn,
            namespace="kube-system",
            service_account=CNI_ACCOUNT,
        )
        role = aws.iam.Role(f"{name}-cni", assume_role_policy=trust, opts=inside)
        attached = aws.iam.RolePolicyAttachment(
            f"{name}-cni", role=role.name, policy_arn=CNI_POLICY, opts=inside
        )
        agent = _add_on(
            name, "eks-pod-identity-agent", args.eks_pod_identity_agent, args.cluster_name, inside
        )
        proxy = _add_on(name, "kube-proxy", args.kube_proxy, args.cluster_name, inside)
        cni = _add_on(
            name,
            "vpc-cni",
            args.vpc_cni,
            args.cluster_name,
            pulumi.ResourceOptions(parent=self, depends_on=[attached]),
            values=CNI,
            identities=[{"service_account": CNI_ACCOUNT, "role_arn": role.arn}],
        )
        self.cluster_name = _after(agent, proxy, cni)
        self.register_outputs({"cluster_name": self.cluster_name})


@dataclass(frozen=True, kw_only=True)
class PodAddOnsArgs:
    """The versions of what runs as pods; `cluster_name` comes from the nodes that they need."""

    cluster_name: pulumi.Input[str]
    coredns: str
    eks_node_monitoring_agent: str


class PodAddOns(pulumi.ComponentResource):
    """Names for pods, and the agent that tells node repair about broken GPUs; workloads come after."""

    cluster_name: pulumi.Output[str]

    def __init__(self, name: str, args: PodAddOnsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("rialto:aws:PodAddOns", name, None, opts)
        inside = pulumi.ResourceOptions(parent=self)
        names = _add_on(name, "coredns", args.coredns, args.cluster_name, inside, values=COREDNS)
        agent = _add_on(
            name, "eks-node-monitoring-agent", args.eks_node_monitoring_agent, args.cluster_name, inside
        )
        self.cluster_name = _after(names, agent)
        self.register_outputs({"cluster_name": self.cluster_name})


def _add_on(
    name: str,
    add_on: str,
    version: str,
    cluster_name: pulumi.Input[str],
    opts: pulumi.ResourceOptions,
    *,
    values: Mapping[str, object] | None = None,
    identities: Sequence[aws.eks.AddonPodIdentityAssociationArgsDict] | None = None,
) -> aws.eks.Addon:
    return aws.eks.Addon(
        f"{name}-{add_on}",
        cluster_name=cluster_name,
        addon_name=add_on,
        addon_version=version,
        configuration_values=json.dumps(values, sort_keys=True) if values else None,
        pod_identity_associations=identities,
        # What somebody changed by hand goes back to what the stack file says.
        resolve_conflicts_on_create="OVERWRITE",
        resolve_conflicts_on_update="OVERWRITE",
        opts=opts,
    )


def _after(*add_ons: aws.eks.Addon) -> pulumi.Output[str]:
    """The cluster's name, known when all of these are installed."""
    return pulumi.Output.all(*[each.cluster_name for each in add_ons]).apply(lambda names: str(names[0]))
