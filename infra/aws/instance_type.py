"""What is known of the EC2 instance types that a pool may name."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

__all__ = ["INSTANCE_TYPES", "Gpu", "InstanceType", "find"]


@dataclass(frozen=True)
class Gpu:
    """One card; its memory is what the driver shows, in whole GiB (an L4 is sold as 24 GB and shows 23,034 MiB)."""

    name: str
    memory_gib: int
    compute_capability: float


@dataclass(frozen=True)
class InstanceType:
    """What a node of one type has; `gpu` is one of its `gpus`."""

    name: str
    vcpus: int
    memory_gib: int
    gpus: int = 0
    gpu: Gpu | None = None


# Compute capability: https://developer.nvidia.com/cuda-gpus
_T4 = Gpu("T4", 15, 7.5)
_A10G = Gpu("A10G", 22, 8.6)
_L4 = Gpu("L4", 22, 8.9)
_L40S = Gpu("L40S", 44, 8.9)
_H100 = Gpu("H100", 79, 9.0)

# https://docs.aws.amazon.com/ec2/latest/instancetypes/gp.html and .../ac.html
INSTANCE_TYPES = {
    each.name: each
    for each in (
        InstanceType("m6i.large", 2, 8),
        InstanceType("m6i.xlarge", 4, 16),
        InstanceType("m6i.2xlarge", 8, 32),
        InstanceType("m7i.large", 2, 8),
        InstanceType("m7i.xlarge", 4, 16),
        InstanceType("m7i.2xlarge", 8, 32),
        InstanceType("m7a.large", 2, 8),
        InstanceType("m7a.xlarge", 4, 16),
        InstanceType("m7a.2xlarge", 8, 32),
        InstanceType("g4dn.xlarge", 4, 16, 1, _T4),
        InstanceType("g4dn.2xlarge", 8, 32, 1, _T4),
        InstanceType("g4dn.12xlarge", 48, 192, 4, _T4),
        InstanceType("g5.xlarge", 4, 16, 1, _A10G),
        InstanceType("g5.2xlarge", 8, 32, 1, _A10G),
        InstanceType("g5.4xlarge", 16, 64, 1, _A10G),
        InstanceType("g5.12xlarge", 48, 192, 4, _A10G),
        InstanceType("g6.xlarge", 4, 16, 1, _L4),
        InstanceType("g6.2xlarge", 8, 32, 1, _L4),
        InstanceType("g6.4xlarge", 16, 64, 1, _L4),
        InstanceType("g6.12xlarge", 48, 192, 4, _L4),
        InstanceType("g6e.xlarge", 4, 32, 1, _L40S),
        InstanceType("g6e.2xlarge", 8, 64, 1, _L40S),
        InstanceType("g6e.12xlarge", 48, 384, 4, _L40S),
        InstanceType("p5.4xlarge", 16, 256, 1, _H100),
        InstanceType("p5.48xlarge", 192, 2048, 8, _H100),
    )
}


def find(name: str) -> InstanceType:
    """Return what is known of a type; ValueError points to the known ones near it."""
    if known := INSTANCE_TYPES.get(name):
        return known
    near = difflib.get_close_matches(name, INSTANCE_TYPES, n=3) or sorted(INSTANCE_TYPES)
    raise ValueError(
        f"instance-types names {name}, of which nothing is known; choose {', '.join(near)}, "
        "or add it to infra/aws/instance_type.py with its source"
    )
