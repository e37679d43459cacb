"""What a hybrid stack chooses, and what must agree between its parts."""

from __future__ import annotations

from itertools import combinations
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from infra.monitoring import image as monitoring
from infra.settings.aws import AwsSettings
from infra.settings.bridge import BridgeSettings
from infra.settings.bridge_flow import require_resident
from infra.settings.fit import misfits
from infra.settings.group import Group
from infra.settings.inference import InferenceSettings
from infra.settings.logs import LogSettings
from infra.settings.openstack import OpenStackSettings
from infra.settings.release import ReleaseRef
from infra.settings.residency import ResidencySettings
from infra.settings.training import TrainingSettings

__all__ = ["HybridSettings"]

# What holds data that nobody can bring back survives the loss of a zone and the repair of another.
PROTECTED_ZONES = 3


class HybridSettings(Group):
    """OpenStack for core and cold data, AWS for GPUs and hot data, and the bridge between them."""

    kind: Literal["hybrid"]
    """local: one machine; hybrid: OpenStack and AWS."""
    owner: Annotated[str, Field(min_length=1, max_length=64)]
    """The team to ask; a tag on everything."""
    protect: bool = False
    """Whether what holds data refuses to be deleted or replaced."""
    release: ReleaseRef
    residency: ResidencySettings
    openstack: OpenStackSettings
    aws: AwsSettings
    bridge: BridgeSettings
    inference: InferenceSettings
    training: TrainingSettings
    logs: LogSettings

    @model_validator(mode="after")
    def _networks_are_apart(self) -> Self:
        ranges = {
            **{f"openstack.{key}": each for key, each in self.openstack.ranges().items()},
            **{f"aws.{key}": each for key, each in self.aws.ranges().items()},
            **{f"bridge.{key}": each for key, each in self.bridge.ranges().items()},
        }
        for (key, ours), (other, theirs) in combinations(ranges.items(), 2):
            if ours.overlaps(theirs):
                raise ValueError(f"{key} is {ours}, which overlaps {other} {theirs}; choose ranges apart")
        return self

    @model_validator(mode="after")
    def _both_ends_of_the_bridge_agree(self) -> Self:
        ours, theirs = set(self.openstack.gateways.addresses), set(self.bridge.gateways)
        if ours != theirs:
            raise ValueError(
                f"bridge.gateways names {', '.join(sorted(theirs))}, but openstack.gateways.addresses "
                f"{', '.join(sorted(ours))}; give every gateway machine its tunnels"
            )
        return self

    @model_validator(mode="after")
    def _nothing_raw_crosses(self) -> Self:
        require_resident(self.bridge.flows, self.residency)
        return self

    @model_validator(mode="after")
    def _protected_stacks_span_zones(self) -> Self:
        zones = self.aws.network.zones
        if self.protect and len(zones) < PROTECTED_ZONES:
            raise ValueError(
                f"aws.network.zones has {len(zones)}, but a stack with protect spans at least {PROTECTED_ZONES}; "
                "add a zone, or set protect to false"
            )
        return self

    @model_validator(mode="after")
    def _aws_has_every_image(self) -> Self:
        images = {
            **{f"inference.{key}": image for key, image in self.inference.images().items()},
            **{f"training.{key}": image for key, image in self.training.images().items()},
            "logs.collector-image": self.logs.collector_image,
        }
        for key, image in images.items():
            if image.name not in self.aws.images.values():
                raise ValueError(
                    f"{key}.name is {image.name}, of which aws.images keeps no copy; add one there, since nodes on "
                    "AWS reach no other registry"
                )
        for name in monitoring.IMAGES:
            if name not in self.aws.images.values():
                raise ValueError(
                    f"aws.images has no copy of {name}, which inference.monitoring's charts run; add <name>: {name}, "
                    "since nodes on AWS reach no other registry"
                )
        return self

    @model_validator(mode="after")
    def _training_data_is_on_aws(self) -> Self:
        wanted = self.training.data.data_set
        hot = [name for name, label in self.residency.held_in("aws").items() if label == "hot"]
        if wanted is not None and wanted not in hot:
            raise ValueError(
                f"training.data.data-set is {wanted}, which is no hot data set that AWS holds; "
                f"choose one of {', '.join(hot)}"
            )
        return self

    @model_validator(mode="after")
    def _release_fits(self) -> Self:
        record = self.release.record
        for cloud, side, replicas in (
            ("openstack", self.openstack, self.inference.openstack),
            ("aws", self.aws, self.inference.aws),
        ):
            for line in misfits(cloud, record, replicas, side.accelerators(), side.memory_gib()):
                raise ValueError(line)
        return self
