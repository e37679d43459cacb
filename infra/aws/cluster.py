"""The Kubernetes control plane: EKS, reached from inside only."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network

import pulumi
import pulumi_aws as aws

from infra.aws.log_group import LogArgs, log_group
from infra.aws.policy import Statement, document, service_trust
from infra.settings.aws_cluster import ClusterSettings

__all__ = ["Cluster", "ClusterArgs"]

HTTPS = 443
# https://docs.aws.amazon.com/eks/latest/userguide/control-plane-logs.html
LOGS = ("api", "audit", "authenticator", "controllerManager", "scheduler")
# https://docs.aws.amazon.com/eks/latest/userguide/access-policy-permissions.html
ADMIN_POLICY = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"
# https://docs.aws.amazon.com/eks/latest/userguide/cluster-iam-role.html
ROLE_POLICY = "arn:aws:iam::aws:policy/AmazonEKSClusterPolicy"


@dataclass(frozen=True, kw_only=True)
class ClusterArgs:
    """The cluster's choices, and where it stands."""

    cluster: ClusterSettings
    cluster_name: str
    account: str
    region: str
    subnet_ids: Sequence[pulumi.Input[str]]
    key_arn: pulumi.Input[str]
    logs: LogArgs
    operators: IPv4Network
    protect: bool


class Cluster(pulumi.ComponentResource):
    """An EKS cluster whose API answers to the VPC and, over the bridge, to the private cloud."""

    cluster_name: pulumi.Output[str]
    arn: pulumi.Output[str]
    version: pulumi.Output[str]
    endpoint: pulumi.Output[str]
    security_group_id: pulumi.Output[str]
    kubeconfig: pulumi.Output[str]

    def __init__(self, name: str, args: ClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("rialto:aws:Cluster", name, None, opts)
        inside = pulumi.ResourceOptions(parent=self)
        # EKS would make the group by itself, without a key and for ever.
        logs = log_group(f"{name}-logs", f"/aws/eks/{args.cluster_name}/cluster", args.logs, inside)
        cluster = self._control_plane(name, args, logs)
        group_id = cluster.vpc_config.apply(lambda vpc: vpc.cluster_security_group_id or "")
        aws.vpc.SecurityGroupIngressRule(
            f"{name}-operators",
            security_group_id=group_id,
            description="Kubernetes API for the private cloud, over the bridge",
            cidr_ipv4=str(args.operators),
            ip_protocol="tcp",
            from_port=HTTPS,
            to_port=HTTPS,
            opts=inside,
        )
        access = [
            _admin(f"{name}-admin-{key}", cluster, arn, self) for key, arn in args.cluster.admins.items()
        ]
        self.cluster_name, self.arn = cluster.name, cluster.arn
        self.version, self.endpoint = cluster.version, cluster.endpoint
        self.security_group_id = group_id
        self.kubeconfig = _kubeconfig(cluster, args.region, access)
        self.register_outputs(
            {
                "cluster_name": self.cluster_name,
                "arn": self.arn,
                "version": self.version,
                "endpoint": self.endpoint,
                "security_group_id": self.security_group_id,
                "kubeconfig": self.kubeconfig,
            }
        )

    def _control_plane(self, name: str, args: ClusterArgs, logs: pulumi.Resource) -> aws.eks.Cluster:
        role, permissions = _role(name, args, self)
        return aws.eks.Cluster(
            name,
            name=args.cluster_name,
            version=args.cluster.version,
            role_arn=role.arn,
            # Access is what the stack file says: not who happened to run the first `up`, and no ConfigMap.
            access_config={
                "authentication_mode": "API",
                "bootstrap_cluster_creator_admin_permissions": False,
            },
            # AddOns installs them, with versions that the stack file pins.
            bootstrap_self_managed_addons=False,
            encryption_config={"provider": {"key_arn": args.key_arn}, "resources": ["secrets"]},
            enabled_cluster_log_types=list(LOGS),
            vpc_config={
                "subnet_ids": list(args.subnet_ids),
                "endpoint_private_access": True,
                "endpoint_public_access": False,
            },
            kubernetes_network_config={
                "ip_family": "ipv4",
                "service_ipv4_cidr": str(args.cluster.service_range),
            },
            # No paid extended support: settings refuse a version before it leaves standard support.
            upgrade_policy={"support_type": "STANDARD"},
            # A zone that AWS finds impaired gets no traffic until it is well.
            zonal_shift_config={"enabled": True},
            deletion_protection=args.protect,
            opts=pulumi.ResourceOptions(parent=self, protect=args.protect, depends_on=[logs, *permissions]),
        )


def _role(
    name: str, args: ClusterArgs, parent: pulumi.Resource
) -> tuple[aws.iam.Role, tuple[pulumi.Resource, ...]]:
    """Declare the control plane's role, and what the cluster must wait for before it may use it."""
    inside = pulumi.ResourceOptions(parent=parent)
    trust = service_trust("eks.amazonaws.com", account=args.account)
    role = aws.iam.Role(f"{name}-role", assume_role_policy=trust, opts=inside)
    attached = aws.iam.RolePolicyAttachment(
        f"{name}-role", role=role.name, policy_arn=ROLE_POLICY, opts=inside
    )
    # https://docs.aws.amazon.com/eks/latest/userguide/enable-kms.html
    use = Statement(
        sid="Secrets",
        actions=["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:ListGrants"],
        resources=[args.key_arn],
    )
    secrets = aws.iam.RolePolicy(f"{name}-secrets", role=role.name, policy=document(use), opts=inside)
    return role, (attached, secrets)


def _admin(
    name: str, cluster: aws.eks.Cluster, role_arn: str, parent: pulumi.Resource
) -> aws.eks.AccessPolicyAssociation:
    entry = aws.eks.AccessEntry(
        name,
        cluster_name=cluster.name,
        principal_arn=role_arn,
        type="STANDARD",
        opts=pulumi.ResourceOptions(parent=parent),
    )
    return aws.eks.AccessPolicyAssociation(
        name,
        cluster_name=cluster.name,
        principal_arn=entry.principal_arn,
        policy_arn=ADMIN_POLICY,
        access_scope={"type": "cluster"},
        opts=pulumi.ResourceOptions(parent=parent),
    )


def _kubeconfig(
    cluster: aws.eks.Cluster, region: str, access: Sequence[aws.eks.AccessPolicyAssociation]
) -> pulumi.Output[str]:
    """A kubeconfig that holds no credential, known only when those who may use it have been let in."""
    token = ["eks", "get-token", "--output", "json", "--region", region, "--cluster-name", cluster.name]
    authority = cluster.certificate_authority.apply(lambda authority: authority.data)
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {
                "name": "aws",
                "cluster": {"server": cluster.endpoint, "certificate-authority-data": authority},
            }
        ],
        "users": [
            {
                "name": "aws",
                "user": {
                    "exec": {
                        "apiVersion": "client.authentication.k8s.io/v1",
                        "interactiveMode": "Never",
                        "command": "aws",
                        "args": token,
                    }
                },
            }
        ],
        "contexts": [{"name": "aws", "context": {"cluster": "aws", "user": "aws"}}],
        "current-context": "aws",
    }
    known = pulumi.Output.all(config, *[each.id for each in access])
    return pulumi.Output.secret(known.apply(lambda values: json.dumps(values[0])))
