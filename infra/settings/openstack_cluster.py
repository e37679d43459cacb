"""What a stack chooses of the private Kubernetes cluster: flavours, version, and the pools of nodes."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from infra.settings.group import Group, Name, Network
from infra.settings.openstack_network import require_private

__all__ = [
    "ClusterSettings",
    "ControlPlaneSettings",
    "FlavorName",
    "FlavorSettings",
    "GpuSettings",
    "PoolSettings",
    "SystemNodeSettings",
]

FlavorName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=255)]
DiskGib = Annotated[int, Field(ge=20, le=16384)]


class GpuSettings(Group):
    """One card of a flavour."""

    memory_gib: Annotated[int, Field(ge=1)]
    """What the driver shows, in whole GiB."""
    compute_capability: Annotated[float, Field(ge=5, lt=20)]
    """CUDA's number for the architecture (https://developer.nvidia.com/cuda-gpus)."""


class FlavorSettings(Group):
    """What a flavour has (`openstack flavor show`); its operator made it, and only its operator can see its GPUs."""

    vcpus: Annotated[int, Field(ge=1)]
    memory_gib: Annotated[int, Field(ge=1)]
    gpus: Annotated[int, Field(ge=0, le=16)] = 0
    """How many GPUs a machine gets."""
    gpu: GpuSettings | None = None
    """One of them."""

    @model_validator(mode="after")
    def _describes_its_gpus(self) -> Self:
        if self.gpus and not self.gpu:
            raise ValueError(
                f"gpu is missing, but gpus is {self.gpus}; say what a card has, or set gpus to 0"
            )
        if self.gpu and not self.gpus:
            raise ValueError(
                f"gpus is {self.gpus}, but gpu describes a card; say how many there are, or remove gpu"
            )
        return self


class ControlPlaneSettings(Group):
    """The machines of the Kubernetes API and etcd."""

    flavor: FlavorName
    """A flavour of openstack.flavors."""
    nodes: Literal[1, 3, 5]
    """How many: etcd needs an odd number, and 3 to survive the loss of one."""
    etcd_gib: Annotated[int, Field(ge=10, le=100)]
    """etcd's own encrypted volume."""


class SystemNodeSettings(Group):
    """The nodes of what the cluster itself runs; a fixed number, without GPUs."""

    flavor: FlavorName
    """A flavour of openstack.flavors."""
    nodes: Annotated[int, Field(ge=1, le=100)]
    """How many."""


class PoolSettings(Group):
    """One pool of nodes; another entry is another node group, and nothing else."""

    flavor: FlavorName
    """A flavour of openstack.flavors."""
    min_nodes: Annotated[int, Field(ge=1, le=1000)]
    """Nodes that are always there; at least one, for Magnum's autoscaler does not start from none."""
    max_nodes: Annotated[int, Field(ge=1, le=1000)]
    """The most that the autoscaler may start."""
    disk_gib: DiskGib
    """The encrypted boot volume."""

    @model_validator(mode="after")
    def _minimum_is_below_maximum(self) -> Self:
        if self.min_nodes > self.max_nodes:
            raise ValueError(
                f"min-nodes is {self.min_nodes}, above max-nodes {self.max_nodes}; lower one or raise the other"
            )
        return self


class ClusterSettings(Group):
    """The Kubernetes cluster that Magnum makes."""

    version: Annotated[str, Field(pattern=r"^v1\.\d\d\.\d+$")]
    """The Kubernetes version."""
    image: Annotated[str, Field(min_length=1, max_length=255)]
    """The nodes' image, built for that version and named after it."""
    pod_range: Network
    """The addresses of pods; in no route of any network."""
    service_range: Network
    """The addresses of Kubernetes services; in no route of any network."""
    disk_gib: DiskGib
    """The encrypted boot volume of control plane and system nodes."""
    control_plane: ControlPlaneSettings
    system_nodes: SystemNodeSettings
    pools: Annotated[dict[Name, PoolSettings], Field(min_length=1)]
    """The pools of nodes without GPUs, by name."""
    gpu_pools: dict[Name, PoolSettings] = Field(default_factory=dict)
    """The pools of GPU nodes, by name."""

    @model_validator(mode="after")
    def _image_fits(self) -> Self:
        if self.version not in self.image:
            raise ValueError(f"image is {self.image}, but version is {self.version}; they move together")
        return self

    @model_validator(mode="after")
    def _ranges_are_private(self) -> Self:
        require_private("pod-range", self.pod_range)
        require_private("service-range", self.service_range)
        return self

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        if twins := sorted(self.pools.keys() & self.gpu_pools.keys()):
            raise ValueError(f"gpu-pools names {twins[0]}, as does pools; node groups need different names")
        return self

    @property
    def max_machines(self) -> int:
        """The most machines that the cluster may grow to, one of each pool being replaced while it grows."""
        pools = [*self.pools.values(), *self.gpu_pools.values()]
        replaced = len(pools) + 2
        return (
            self.control_plane.nodes
            + self.system_nodes.nodes
            + sum(each.max_nodes for each in pools)
            + replaced
        )
