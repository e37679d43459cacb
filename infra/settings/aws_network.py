"""What a stack chooses of its VPC."""

from __future__ import annotations

from ipaddress import IPv4Network
from itertools import combinations
from typing import Annotated, Self

from pydantic import Field, model_validator

from infra.settings.group import Group, Network

__all__ = ["NetworkSettings", "Zone", "ZoneSettings", "require_private"]

# EKS places its control plane's interfaces in at least two zones
# (https://docs.aws.amazon.com/eks/latest/userguide/network-reqs.html).
MIN_ZONES = 2
# https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html; a subnet below /24 starves prefix delegation.
VPC_PREFIX_LENGTHS = range(16, 23)
SUBNET_PREFIX_LENGTHS = range(16, 25)
PRIVATE = tuple(IPv4Network(each) for each in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))
Zone = Annotated[str, Field(pattern=r"^[a-z]{2}(-[a-z]+)+-\d[a-z]$")]


def require_private(key: str, network: IPv4Network, lengths: range) -> None:
    """Refuse a network that is public or of another size."""
    if network.prefixlen not in lengths or not any(network.subnet_of(each) for each in PRIVATE):
        raise ValueError(
            f"{key} is {network}; choose a private range from /{lengths[0]} to /{lengths[-1]}, such as 10.20.0.0/16"
        )


class ZoneSettings(Group):
    """One availability zone's part of the network."""

    private: Network
    """The subnet of nodes and pods; nothing in it can be reached from outside."""


class NetworkSettings(Group):
    """The VPC: private subnets only, no way to the internet."""

    range: Network
    """The VPC's range; pods have addresses of it too."""
    zones: Annotated[dict[Zone, ZoneSettings], Field(min_length=MIN_ZONES)]
    """The availability zones in use, by name."""

    @model_validator(mode="after")
    def _subnets_fit(self) -> Self:
        require_private("range", self.range, VPC_PREFIX_LENGTHS)
        for zone, subnets in self.zones.items():
            key = f"zones.{zone}.private is {subnets.private}"
            if not subnets.private.subnet_of(self.range):
                raise ValueError(f"{key}, outside range {self.range}; choose a part of it")
            if subnets.private.prefixlen not in SUBNET_PREFIX_LENGTHS:
                raise ValueError(f"{key}; pods take addresses by blocks of 16, so choose a /24 or larger")
        return self

    @model_validator(mode="after")
    def _subnets_are_apart(self) -> Self:
        for (zone, ours), (other, theirs) in combinations(self.zones.items(), 2):
            if ours.private.overlaps(theirs.private):
                raise ValueError(
                    f"zones.{other}.private is {theirs.private}, which overlaps zones.{zone}.private "
                    f"{ours.private}; choose ranges apart"
                )
        return self
