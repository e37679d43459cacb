"""What a stack chooses of its nodes on AWS: the cluster's own, and the pools of GPU nodes."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from infra.aws.instance_type import InstanceType, find
from infra.settings.aws_network import Zone
from infra.settings.group import Group

__all__ = ["DiskGib", "GpuPool", "NodeSettings", "SystemNodeSettings"]

InstanceTypes = Annotated[tuple[str, ...], Field(min_length=1, max_length=20, strict=False)]
DiskGib = Annotated[int, Field(ge=20, le=16384)]


class NodeSettings(Group):
    """Nodes of one kind: what they are, and how many there may be."""

    instance_types: InstanceTypes
    """EC2 types with equal vCPUs, memory and GPUs; AWS takes the first that it has."""
    min_nodes: Annotated[int, Field(ge=0, le=1000)]
    """Nodes that are always there."""
    max_nodes: Annotated[int, Field(ge=1, le=1000)]
    """The most that the autoscaler may start."""

    @property
    def types(self) -> tuple[InstanceType, ...]:
        """What is known of each instance type."""
        return tuple(find(each) for each in self.instance_types)

    @model_validator(mode="after")
    def _minimum_is_below_maximum(self) -> Self:
        if self.min_nodes > self.max_nodes:
            raise ValueError(
                f"min-nodes is {self.min_nodes}, above max-nodes {self.max_nodes}; lower one or raise the other"
            )
        return self

    @model_validator(mode="after")
    def _types_are_alike(self) -> Self:
        first, *others = self.types
        for other in others:
            if (other.vcpus, other.memory_gib, other.gpus) != (first.vcpus, first.memory_gib, first.gpus):
                raise ValueError(
                    f"instance-types names {other.name} beside {first.name}, which has other vCPUs, memory or GPUs; "
                    "the autoscaler takes all nodes of a pool to be alike, so make it a pool of its own"
                )
        return self


class SystemNodeSettings(NodeSettings):
    """The nodes of what the cluster itself runs; without GPUs."""

    disk_gib: DiskGib
    """The encrypted root volume."""

    @model_validator(mode="after")
    def _are_always_there(self) -> Self:
        if self.min_nodes < 1:
            raise ValueError(
                f"min-nodes is {self.min_nodes}, but the autoscaler itself runs here; choose at least 1"
            )
        return self


class GpuPool(NodeSettings):
    """One pool of GPU nodes; another entry is another node group, and nothing else."""

    capacity: Literal["on-demand", "spot"]
    """on-demand: stays; spot: cheaper, may be taken away within two minutes."""
    zones: Annotated[tuple[Zone, ...], Field(min_length=1, strict=False)] | None = None
    """The zones with this pool's nodes; left out, all of them."""

    @model_validator(mode="after")
    def _has_gpus(self) -> Self:
        for each in self.types:
            if not each.gpus:
                raise ValueError(
                    f"instance-types names {each.name}, which has no GPU; choose one such as g6.xlarge"
                )
        return self
