"""Whether a release can run where a stack would put it: on the GPU's architecture, and in memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from infra.settings.inference import MIN_COMPUTE_CAPABILITY, ReplicaSettings
from infra.settings.release import ReleaseRecord

__all__ = ["misfits"]

_MIB_PER_GIB = 1024
# The lowest CUDA compute capability whose tensor cores compute in a precision
# (https://docs.nvidia.com/deeplearning/tensorrt/latest/getting-started/support-matrix.html).
CAPABILITIES = {"fp32": 0.0, "fp16": 7.0, "int8": 7.5, "bf16": 8.0, "fp8": 8.9}

Pools = Mapping[str, tuple[float, float | None]]


def misfits(
    cloud: str,
    record: ReleaseRecord,
    replicas: ReplicaSettings,
    capabilities: Mapping[str, float],
    pools: Pools,
) -> Iterator[str]:
    """Yield a line for each thing that keeps the release from running on `cloud`.

    `capabilities` are the compute capabilities of its GPU pools, `pools` the memory of a node and of one of its
    cards in GiB, both by the pool's key.
    """
    if replicas.device == "gpu":
        yield from _too_old(cloud, record, capabilities)
    needed = replicas.memory_needed_mib(record.sizes)
    if replicas.memory_mib < needed:
        yield (
            f"inference.{cloud}.memory-mib is {replicas.memory_mib}, but the release needs {needed} with "
            f"instances {replicas.instances}; raise it, or lower instances"
        )
    yield from _too_small(cloud, record, replicas, pools)


def _too_old(cloud: str, record: ReleaseRecord, capabilities: Mapping[str, float]) -> Iterator[str]:
    precision = record.manifest.precision
    needed = max(CAPABILITIES.get(precision, 0.0), MIN_COMPUTE_CAPABILITY)
    for key, found in capabilities.items():
        if found < needed:
            yield (
                f"release.digest is a release in {precision}, which with Triton's image needs compute capability "
                f"{needed}, but {cloud}.{key} has GPUs of {found}; choose newer GPUs or another release"
            )


def _too_small(cloud: str, record: ReleaseRecord, replicas: ReplicaSettings, pools: Pools) -> Iterator[str]:
    on_card = replicas.gpu_memory_needed_mib(record.sizes)
    for key, (memory, card) in pools.items():
        if memory * _MIB_PER_GIB < replicas.memory_mib:
            yield (
                f"{cloud}.{key} has nodes of {memory:g} GiB, less than inference.{cloud}.memory-mib "
                f"{replicas.memory_mib}; choose larger nodes, or lower memory-mib"
            )
        if on_card and card is not None and card * _MIB_PER_GIB < on_card:
            yield (
                f"{cloud}.{key} has GPUs of {card:g} GiB, less than the {on_card} MiB that the release needs with "
                f"instances {replicas.instances}; choose larger GPUs, or lower inference.{cloud}.instances"
            )
