"""The nodes of what the cluster itself runs: names, the autoscaler, monitoring."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from infra.aws.node import NodeTemplate, NodeTemplateArgs
from infra.aws.node_group import NodeGroupArgs, node_group
from infra.scheduling import CAPACITY_LABEL, POOL_LABEL
from infra.settings.aws_node import SystemNodeSettings

__all__ = ["SystemNodes", "SystemNodesArgs"]


@dataclass(frozen=True, kw_only=True)
class SystemNodesArgs:
    """How many, and what they join; `cluster_name` comes from the add-ons that nodes need."""

    nodes: SystemNodeSettings
    cluster_name: pulumi.Input[str]
    version: pulumi.Input[str]
    subnet_ids: Mapping[str, pulumi.Input[str]]
    key_arn: pulumi.Input[str]
    tags: Mapping[str, str]


class SystemNodes(pulumi.ComponentResource):
    """Nodes without GPUs or taints, on demand, in every zone; what needs them takes the cluster's name from here."""

    cluster_name: pulumi.Output[str]
    node_group_name: pulumi.Output[str]

    def __init__(self, name: str, args: SystemNodesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("rialto:aws:SystemNodes", name, None, opts)
        template = NodeTemplate(
            name,
            NodeTemplateArgs(disk_gib=args.nodes.disk_gib, key_arn=args.key_arn, tags=args.tags),
            pulumi.ResourceOptions(parent=self),
        )
        group = node_group(
            name,
            NodeGroupArgs(
                nodes=args.nodes,
                image="AL2023_x86_64_STANDARD",
                capacity="on-demand",
                cluster_name=args.cluster_name,
                version=args.version,
                subnet_ids=list(args.subnet_ids.values()),
                template=template,
                labels={POOL_LABEL: "system", CAPACITY_LABEL: "on-demand"},
            ),
            self,
        )
        self.cluster_name, self.node_group_name = group.cluster_name, group.node_group_name
        self.register_outputs({"cluster_name": self.cluster_name, "node_group_name": self.node_group_name})
