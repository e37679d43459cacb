"""What a stack chooses of AWS: account, network, cluster, pools of nodes, storage."""

from __future__ import annotations

import re
from ipaddress import IPv4Network
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from infra.aws.image import repository_of
from infra.settings.alerting import TopicSettings
from infra.settings.aws_cluster import ClusterSettings
from infra.settings.aws_network import NetworkSettings
from infra.settings.aws_node import DiskGib, GpuPool, SystemNodeSettings
from infra.settings.group import Group, Name
from infra.settings.image import ImageSettings

__all__ = ["AwsSettings", "StoreSettings"]

Region = Annotated[str, Field(pattern=r"^[a-z]{2}(-[a-z]+)+-\d$")]
# A public image, without tag and digest: registry, then path.
Image = Annotated[str, Field(pattern=r"^[a-z0-9.-]+\.[a-z]+(:\d+)?(/[a-z0-9._-]+)+$")]
# The days that CloudWatch Logs can keep a log
# (https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html).
LogDays = Literal[
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653
]


class StoreSettings(Group):
    """The bucket of hot data and releases."""

    noncurrent_days: Annotated[int, Field(ge=1, le=3650)]
    """How long what was overwritten or deleted can be brought back."""


class AwsSettings(Group):
    """The GPU side: one account, one region."""

    account: Annotated[str, Field(pattern=r"^\d{12}$")]
    """The account's number, in quotes; the provider refuses any other account."""
    region: Region
    """The region of everything."""
    monthly_budget: Annotated[int, Field(ge=1)]
    """US dollars a month, at list prices, above which a review asks about what is always there."""
    log_days: LogDays
    """How long flow logs, control-plane logs and tunnel logs are kept."""
    network: NetworkSettings
    cluster: ClusterSettings
    system_nodes: SystemNodeSettings
    gpu_disk_gib: DiskGib
    """The encrypted root volume of every GPU node: all pools share a launch template."""
    gpu_pools: Annotated[dict[Name, GpuPool], Field(min_length=1)]
    """The pools of GPU nodes by name."""
    store: StoreSettings
    alerts: TopicSettings
    images: Annotated[dict[Name, Image], Field(min_length=1)]
    """The ECR repositories by name, and the public image that each is a copy of; nodes reach no other registry."""
    autoscaler_image: ImageSettings
    """The public image of cluster-autoscaler; its minor version is the cluster's."""

    @model_validator(mode="after")
    def _zones_are_in_the_region(self) -> Self:
        for zone in self.network.zones:
            if not re.fullmatch(rf"{self.region}[a-z]", zone):
                raise ValueError(
                    f"network.zones names {zone}, which is not in region {self.region}; choose {self.region}a, ..."
                )
        return self

    @model_validator(mode="after")
    def _pools_have_subnets(self) -> Self:
        for name, pool in self.gpu_pools.items():
            for zone in pool.zones or ():
                if zone not in self.network.zones:
                    raise ValueError(
                        f"gpu-pools.{name}.zones names {zone}, which has no subnet; give it one in network.zones, "
                        f"or choose of {', '.join(self.network.zones)}"
                    )
        return self

    @model_validator(mode="after")
    def _autoscaler_fits(self) -> Self:
        repository_of(self.autoscaler_image.reference, self.images, key="autoscaler-image")
        if not self.autoscaler_image.tag.startswith(f"v{self.cluster.version}."):
            raise ValueError(
                f"autoscaler-image.tag is {self.autoscaler_image.tag}, but cluster.version is "
                f"{self.cluster.version}; they move together"
            )
        return self

    def ranges(self) -> dict[str, IPv4Network]:
        """The ranges that must be apart from every other side's, by key."""
        return {"network.range": self.network.range, "cluster.service-range": self.cluster.service_range}

    def accelerators(self) -> dict[str, float]:
        """The lowest CUDA compute capability of each GPU pool, by key."""
        return {
            f"gpu-pools.{name}": min(each.gpu.compute_capability for each in pool.types if each.gpu)
            for name, pool in self.gpu_pools.items()
        }

    def memory_gib(self) -> dict[str, tuple[int, int]]:
        """The memory of a node and of one of its GPUs, in GiB, the least of each GPU pool, by key."""
        return {
            f"gpu-pools.{name}": (
                min(each.memory_gib for each in pool.types),
                min(each.gpu.memory_gib for each in pool.types if each.gpu),
            )
            for name, pool in self.gpu_pools.items()
        }
