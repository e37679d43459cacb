"""The cluster autoscaler: who it is on AWS, what it may do there, and the pods that it runs as."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from infra.aws.autoscaler_access import declare_access
from infra.aws.autoscaler_pod import declare_deployment
from infra.aws.identity import PodIdentity, PodIdentityArgs
from infra.aws.policy import Statement

__all__ = ["Autoscaler", "AutoscalerArgs", "AutoscalerIdentity", "AutoscalerIdentityArgs"]

NAME = "cluster-autoscaler"
NAMESPACE = "kube-system"


@dataclass(frozen=True, kw_only=True)
class AutoscalerIdentityArgs:
    """The cluster whose node groups are scaled."""

    account: str
    region: str
    cluster_name: pulumi.Input[str]
    cluster_arn: pulumi.Input[str]


class AutoscalerIdentity(pulumi.ComponentResource):
    """Lets the autoscaler look at everything that scales, and change what EKS tagged as this cluster's."""

    role_arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: AutoscalerIdentityArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("rialto:aws:AutoscalerIdentity", name, None, opts)
        identity = PodIdentity(
            name,
            PodIdentityArgs(
                account=args.account,
                cluster_name=args.cluster_name,
                cluster_arn=args.cluster_arn,
                namespace=NAMESPACE,
                service_account=NAME,
                statements=_statements(args),
            ),
            pulumi.ResourceOptions(parent=self),
        )
        self.role_arn = identity.role_arn
        self.register_outputs({"role_arn": self.role_arn})


def _statements(args: AutoscalerIdentityArgs) -> list[Statement]:
    # https://github.com/kubernetes/autoscaler/blob/master/cluster-autoscaler/cloudprovider/aws/README.md
    tag = pulumi.Output.concat("aws:ResourceTag/k8s.io/cluster-autoscaler/", args.cluster_name)
    groups = f"arn:aws:autoscaling:{args.region}:{args.account}:autoScalingGroup:*:autoScalingGroupName/*"
    node_groups = pulumi.Output.concat(
        f"arn:aws:eks:{args.region}:{args.account}:nodegroup/", args.cluster_name, "/*"
    )
    return [
        # AWS knows no resource for any of these.
        Statement(
            sid="Look",
            actions=[
                "autoscaling:DescribeAutoScalingGroups",
                "autoscaling:DescribeAutoScalingInstances",
                "autoscaling:DescribeLaunchConfigurations",
                "autoscaling:DescribeScalingActivities",
                "autoscaling:DescribeTags",
                "ec2:DescribeImages",
                "ec2:DescribeInstanceTypes",
                "ec2:DescribeLaunchTemplateVersions",
                "ec2:GetInstanceTypesFromInstanceRequirements",
            ],
            resources=["*"],
        ),
        # The labels and taints of a pool that has no node yet.
        Statement(sid="Pools", actions=["eks:DescribeNodegroup"], resources=[node_groups]),
        Statement(
            sid="Scale",
            actions=["autoscaling:SetDesiredCapacity", "autoscaling:TerminateInstanceInAutoScalingGroup"],
            resources=[groups],
            conditions={"StringEquals": tag.apply(lambda key: {key: "owned"})},
        ),
    ]


@dataclass(frozen=True, kw_only=True)
class AutoscalerArgs:
    """What runs, and the cluster that it scales; `cluster_name` comes from the add-ons that pods need."""

    cluster_name: pulumi.Input[str]
    region: str
    image: pulumi.Input[str]


class Autoscaler(pulumi.ComponentResource):
    """The autoscaler in the cluster: two pods, of which one leads."""

    deployment_name: pulumi.Output[str]

    def __init__(self, name: str, args: AutoscalerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("rialto:aws:Autoscaler", name, None, opts)
        access = declare_access(name, NAME, NAMESPACE, self)
        deployment = declare_deployment(
            name,
            NAME,
            NAMESPACE,
            command=_command(args),
            image=args.image,
            region=args.region,
            opts=pulumi.ResourceOptions(parent=self, depends_on=access),
        )
        self.deployment_name = deployment.metadata.apply(lambda metadata: str(metadata.name))
        self.register_outputs({"deployment_name": self.deployment_name})


def _command(args: AutoscalerArgs) -> list[pulumi.Input[str]]:
    discovery = "asg:tag=k8s.io/cluster-autoscaler/enabled,k8s.io/cluster-autoscaler/"
    return [
        "./cluster-autoscaler",
        "--cloud-provider=aws",
        f"--namespace={NAMESPACE}",
        pulumi.Output.concat(f"--node-group-auto-discovery={discovery}", args.cluster_name),
        # The list of types comes with the image: the price list of AWS cannot be reached from a private network.
        "--aws-use-static-instance-list=true",
        "--balance-similar-node-groups=true",
        "--expander=least-waste",
        # A node with nothing but pods of DaemonSets and kube-system that can run elsewhere is empty.
        "--skip-nodes-with-system-pods=false",
        "--stderrthreshold=info",
        "--v=2",
    ]
