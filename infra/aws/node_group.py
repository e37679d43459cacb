"""One EKS node group, whatever kind of node is in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import pulumi
import pulumi_aws as aws

from infra.aws.node import NodeTemplate
from infra.settings.aws_node import NodeSettings

__all__ = ["NodeGroupArgs", "node_group"]

CAPACITY = {"on-demand": "ON_DEMAND", "spot": "SPOT"}


@dataclass(frozen=True, kw_only=True)
class NodeGroupArgs:
    """What distinguishes one group from the next."""

    nodes: NodeSettings
    image: Literal["AL2023_x86_64_STANDARD", "AL2023_x86_64_NVIDIA"]
    capacity: Literal["on-demand", "spot"]
    cluster_name: pulumi.Input[str]
    version: pulumi.Input[str]
    subnet_ids: Sequence[pulumi.Input[str]]
    template: NodeTemplate
    labels: Mapping[str, str]
    taints: Sequence[aws.eks.NodeGroupTaintArgsDict] = ()


def node_group(name: str, args: NodeGroupArgs, parent: pulumi.Resource) -> aws.eks.NodeGroup:
    """Declare the group."""
    return aws.eks.NodeGroup(
        name,
        cluster_name=args.cluster_name,
        version=args.version,
        node_role_arn=args.template.role_arn,
        subnet_ids=list(args.subnet_ids),
        ami_type=args.image,
        capacity_type=CAPACITY[args.capacity],
        instance_types=list(args.nodes.instance_types),
        launch_template={
            "id": args.template.launch_template_id,
            "version": args.template.launch_template_version,
        },
        scaling_config={
            "min_size": args.nodes.min_nodes,
            "max_size": args.nodes.max_nodes,
            "desired_size": args.nodes.min_nodes,
        },
        update_config={"max_unavailable": 1},
        # A node that is not ready, or whose GPU fails, is replaced.
        node_repair_config={"enabled": True},
        labels=dict(args.labels),
        taints=list(args.taints),
        # The autoscaler owns desired_size after creation; a diff here would fight it.
        opts=pulumi.ResourceOptions(parent=parent, ignore_changes=["scalingConfig.desiredSize"]),
    )
