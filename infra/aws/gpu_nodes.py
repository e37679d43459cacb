"""The GPU pools of the stack: a node group for each, and nothing else that grows with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi

from infra.aws.node import NodeTemplate, NodeTemplateArgs
from infra.aws.node_group import NodeGroupArgs, node_group
from infra.scheduling import CAPACITY_LABEL, GPU_LABELS, GPU_TAINT_KEY, GPU_TAINT_VALUE, POOL_LABEL
from infra.settings.aws_node import GpuPool

__all__ = ["GpuNodes", "GpuNodesArgs"]

# By this label the autoscaler knows that a new node is not ready before its GPUs are
# (https://github.com/kubernetes/autoscaler/blob/master/cluster-autoscaler/cloudprovider/aws/README.md#gpu-node-groups).
AUTOSCALER_LABEL = "k8s.amazonaws.com/accelerator"


@dataclass(frozen=True, kw_only=True)
class GpuNodesArgs:
    """The pools, and what they join; `cluster_name` comes from the add-ons that nodes need."""

    pools: Mapping[str, GpuPool]
    cluster_name: pulumi.Input[str]
    version: pulumi.Input[str]
    subnet_ids: Mapping[str, pulumi.Input[str]]
    disk_gib: int
    key_arn: pulumi.Input[str]
    tags: Mapping[str, str]


class GpuNodes(pulumi.ComponentResource):
    """Node groups that admit GPU pods and nothing else, from none to the most that each pool allows."""

    node_group_names: Mapping[str, pulumi.Output[str]]

    def __init__(self, name: str, args: GpuNodesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("rialto:aws:GpuNodes", name, None, opts)
        template = NodeTemplate(
            name,
            NodeTemplateArgs(disk_gib=args.disk_gib, key_arn=args.key_arn, tags=args.tags),
            pulumi.ResourceOptions(parent=self),
        )
        groups = {
            key: node_group(f"{name}-{key}", _group(key, pool, args, template), self)
            for key, pool in args.pools.items()
        }
        self.node_group_names = {key: group.node_group_name for key, group in groups.items()}
        self.register_outputs({"node_group_names": self.node_group_names})


def _group(key: str, pool: GpuPool, args: GpuNodesArgs, template: NodeTemplate) -> NodeGroupArgs:
    return NodeGroupArgs(
        nodes=pool,
        image="AL2023_x86_64_NVIDIA",
        capacity=pool.capacity,
        cluster_name=args.cluster_name,
        version=args.version,
        subnet_ids=_subnets(pool, args.subnet_ids),
        template=template,
        labels={
            **GPU_LABELS,
            POOL_LABEL: key,
            CAPACITY_LABEL: pool.capacity,
            AUTOSCALER_LABEL: "nvidia",
        },
        taints=[{"key": GPU_TAINT_KEY, "value": GPU_TAINT_VALUE, "effect": "NO_SCHEDULE"}],
    )


def _subnets(pool: GpuPool, subnet_ids: Mapping[str, pulumi.Input[str]]) -> Sequence[pulumi.Input[str]]:
    return [subnet_ids[zone] for zone in pool.zones or subnet_ids]
