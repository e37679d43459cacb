"""The AWS services that nodes reach without an internet, and what may be asked of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network

import pulumi
import pulumi_aws as aws

from infra.aws.policy import Statement, document

__all__ = ["Endpoints", "EndpointsArgs"]

HTTPS = 443
_PULL = ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")

# What a private EKS cluster needs: https://docs.aws.amazon.com/eks/latest/userguide/private-clusters.html
# There is none for elasticloadbalancing: load balancers are made by EKS's control plane, from outside the VPC.
INTERFACES: dict[str, tuple[str, ...]] = {
    # kubelet asks for its own name and tags; the CNI gives pods their addresses; the autoscaler looks up types.
    "ec2": (
        "ec2:AssignPrivateIpAddresses",
        "ec2:AttachNetworkInterface",
        "ec2:CreateNetworkInterface",
        "ec2:CreateTags",
        "ec2:DeleteNetworkInterface",
        "ec2:DescribeAvailabilityZones",
        "ec2:DescribeImages",
        "ec2:DescribeInstanceTypes",
        "ec2:DescribeInstances",
        "ec2:DescribeLaunchTemplateVersions",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSecurityGroups",
        "ec2:DescribeSubnets",
        "ec2:DescribeTags",
        "ec2:DescribeVpcs",
        "ec2:DetachNetworkInterface",
        "ec2:GetInstanceTypesFromInstanceRequirements",
        "ec2:ModifyNetworkInterfaceAttribute",
        "ec2:UnassignPrivateIpAddresses",
    ),
    "ecr.api": ("ecr:GetAuthorizationToken", *_PULL),
    "ecr.dkr": _PULL,
    "sts": ("sts:AssumeRole", "sts:GetCallerIdentity", "sts:TagSession"),
    "logs": (
        "logs:CreateLogStream",
        "logs:DescribeLogGroups",
        "logs:DescribeLogStreams",
        "logs:PutLogEvents",
    ),
    # Alertmanager calls people.
    "sns": ("sns:Publish",),
    # Nodes join; the autoscaler reads the labels and taints of an empty pool.
    "eks": ("eks:DescribeCluster", "eks:DescribeNodegroup"),
    "eks-auth": ("eks-auth:AssumeRoleForPodIdentity",),
    "autoscaling": (
        "autoscaling:DescribeAutoScalingGroups",
        "autoscaling:DescribeAutoScalingInstances",
        "autoscaling:DescribeLaunchConfigurations",
        "autoscaling:DescribeScalingActivities",
        "autoscaling:DescribeTags",
        "autoscaling:SetDesiredCapacity",
        "autoscaling:TerminateInstanceInAutoScalingGroup",
    ),
}


@dataclass(frozen=True, kw_only=True)
class EndpointsArgs:
    """Where the endpoints are, and which buckets lie behind that of S3."""

    account: str
    region: str
    vpc_id: pulumi.Input[str]
    vpc_range: IPv4Network
    subnet_ids: Sequence[pulumi.Input[str]]
    route_table_id: pulumi.Input[str]
    bucket_arns: Sequence[pulumi.Input[str]]


class Endpoints(pulumi.ComponentResource):
    """One endpoint for each service that nodes need, open to the VPC and to callers of this account."""

    security_group_id: pulumi.Output[str]
    s3_ranges: pulumi.Output[Sequence[str]]

    def __init__(self, name: str, args: EndpointsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("rialto:aws:Endpoints", name, None, opts)
        inside = pulumi.ResourceOptions(parent=self)
        group = aws.ec2.SecurityGroup(
            name, vpc_id=args.vpc_id, description="HTTPS from the VPC to AWS services", opts=inside
        )
        aws.vpc.SecurityGroupIngressRule(
            name,
            security_group_id=group.id,
            description="HTTPS from nodes and pods",
            cidr_ipv4=str(args.vpc_range),
            ip_protocol="tcp",
            from_port=HTTPS,
            to_port=HTTPS,
            opts=inside,
        )
        for service, actions in INTERFACES.items():
            aws.ec2.VpcEndpoint(
                f"{name}-{service}",
                vpc_id=args.vpc_id,
                service_name=f"com.amazonaws.{args.region}.{service}",
                vpc_endpoint_type="Interface",
                private_dns_enabled=True,
                subnet_ids=args.subnet_ids,
                security_group_ids=[group.id],
                policy=document(_own(service, actions, args.account)),
                tags={"Name": f"{name}-{service}"},
                opts=inside,
            )
        self.security_group_id = group.id
        self.s3_ranges = _s3(f"{name}-s3", args, inside).cidr_blocks
        self.register_outputs({"security_group_id": self.security_group_id, "s3_ranges": self.s3_ranges})


def _own(service: str, actions: Sequence[str], account: str) -> Statement:
    # "*": an endpoint policy bounds who asks for what; on which resource is each caller's own policy.
    return Statement(
        sid=service.replace(".", " ").replace("-", " ").title().replace(" ", ""),
        actions=actions,
        resources=["*"],
        principals="*",
        conditions={"StringEquals": {"aws:PrincipalAccount": account}},
    )


def _s3(name: str, args: EndpointsArgs, opts: pulumi.ResourceOptions) -> aws.ec2.VpcEndpoint:
    """Declare the gateway endpoint: our buckets, and the one where ECR keeps the layers of images."""
    own = Statement(
        sid="OurBuckets",
        actions=["s3:AbortMultipartUpload", "s3:GetObject", "s3:ListBucket", "s3:PutObject"],
        resources=[each for arn in args.bucket_arns for each in (arn, pulumi.Output.concat(arn, "/*"))],
        principals="*",
        conditions={"StringEquals": {"aws:PrincipalAccount": args.account}},
    )
    # https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html#ecr-minimum-s3-perms
    layers = Statement(
        sid="ImageLayers",
        actions=["s3:GetObject"],
        resources=[f"arn:aws:s3:::prod-{args.region}-starport-layer-bucket/*"],
        principals="*",
    )
    return aws.ec2.VpcEndpoint(
        name,
        vpc_id=args.vpc_id,
        service_name=f"com.amazonaws.{args.region}.s3",
        vpc_endpoint_type="Gateway",
        route_table_ids=[args.route_table_id],
        policy=document(own, layers),
        tags={"Name": name},
        opts=opts,
    )
