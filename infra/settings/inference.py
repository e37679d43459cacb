"""What a stack chooses of Triton on Kubernetes: images, sizes and replicas on each cloud, and what it scales on."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from infra.settings.alerting import ReceiverSettings
from infra.settings.edge import EdgeSettings
from infra.settings.gateway import GatewaySettings
from infra.settings.group import Group
from infra.settings.image import ImageSettings
from infra.settings.replica import ReplicaRange

__all__ = [
    "MIN_COMPUTE_CAPABILITY",
    "InferenceSettings",
    "MonitoringSettings",
    "OldestReleaseSettings",
    "ReplicaSettings",
    "TritonImageSettings",
]

# The CUDA compute capability that Triton's image is built for
# (https://docs.nvidia.com/deeplearning/triton-inference-server/release-notes/rel-26-10.html).
MIN_COMPUTE_CAPABILITY = 7.5
# Memory, in MiB, beside the models. Estimates, no measurement of the image: Triton with its backend and a queue of
# requests; with CUDA its libraries in the host's memory too, and on the card one context
# (https://github.com/microsoft/onnxruntime/issues/5801: 0.3 to 0.6 GB of either for small models).
BASE_MIB = 1024
CUDA_HOST_MIB = 2048
CUDA_CONTEXT_MIB = 1024
# What one session takes, times the size of its graph: onnxruntime 1.32 on a core peaks at 2.1 while it loads and
# stays at 1.3 (run, graphs of 16 and 64 MiB); on a card its arena grows by doubling, to 3 with the activations.
SESSION_FACTOR = 2.1
CUDA_SESSION_FACTOR = 3
# Triton's own threads (serving/model_config.py has the measurement).
TRITONS_CORES = 1
_MIB = 1 << 20
_RELEASE = re.compile(r"^(\d\d\.\d\d)(\.\d+)?-py3")


class OldestReleaseSettings(Group):
    """The oldest release of Triton that may run, and why."""

    release: Annotated[str, Field(pattern=r"^\d\d\.\d\d$")]
    """Year and month, in quotes, as NVIDIA names them."""
    reason: Annotated[str, Field(min_length=10)]
    """What is wrong with older ones."""


class TritonImageSettings(Group):
    """The production image of Triton."""

    image: ImageSettings
    """NVIDIA's image with all backends; its tag is <year>.<month>-py3."""
    oldest: OldestReleaseSettings

    @model_validator(mode="after")
    def _is_new_enough(self) -> Self:
        found = _RELEASE.match(self.image.tag)
        if not found:
            raise ValueError(f'image.tag is "{self.image.tag}"; it must begin as 26.10-py3 does')
        if found[1] < self.oldest.release:
            raise ValueError(
                f'image.tag is "{self.image.tag}", older than oldest.release {self.oldest.release} '
                f"({self.oldest.reason}); choose a newer release"
            )
        return self


class ReplicaSettings(ReplicaRange):
    """Triton's pods on one cloud: what each gets, and how many there may be."""

    device: Literal["cpu", "gpu"]
    """What the models run on; a pod with gpu gets one card."""
    instances: Annotated[int, Field(ge=1, le=64)]
    """Copies of each model in a pod that answer at the same time."""
    threads: Annotated[int, Field(ge=1, le=64)] = 1
    """Cores that one copy uses; on a card, only for what CUDA lacks."""
    cores: Annotated[int, Field(ge=1, le=192)]
    """Cores that a pod asks for."""
    memory_mib: Annotated[int, Field(ge=1024, le=1 << 20)]
    """Memory that a pod gets: beyond it, the kernel ends it."""

    @model_validator(mode="after")
    def _cores_are_enough(self) -> Self:
        needed = self.instances * self.threads + TRITONS_CORES
        if self.device == "cpu" and self.cores < needed:
            raise ValueError(
                f"cores is {self.cores}, but instances {self.instances} x threads {self.threads} and Triton itself "
                f"use {needed}; raise cores or lower one of the others"
            )
        return self

    def memory_needed_mib(self, sizes: Mapping[str, int]) -> int:
        """What `memory-mib` must hold for a release whose files have these sizes in bytes."""
        base = BASE_MIB + (CUDA_HOST_MIB if self.device == "gpu" else 0)
        return math.ceil(base + self.instances * SESSION_FACTOR * _graphs_mib(sizes))

    def gpu_memory_needed_mib(self, sizes: Mapping[str, int]) -> int:
        """What a card must hold for such a release; 0 without a card."""
        if self.device == "cpu":
            return 0
        return math.ceil(CUDA_CONTEXT_MIB + self.instances * CUDA_SESSION_FACTOR * _graphs_mib(sizes))


class MonitoringSettings(Group):
    """The charts that bring Prometheus, Alertmanager and the metric that Triton scales on, and who is called."""

    prometheus_chart: Annotated[str, Field(pattern=r"^\d+\.\d+\.\d+$")]
    """kube-prometheus-stack: the operator, its resource types, Prometheus and Alertmanager."""
    adapter_chart: Annotated[str, Field(pattern=r"^\d+\.\d+\.\d+$")]
    """prometheus-adapter: Prometheus' figures as Kubernetes' custom metrics."""
    receivers: ReceiverSettings


class InferenceSettings(Group):
    """Triton on both clouds."""

    triton: TritonImageSettings
    fetch_image: ImageSettings
    """Our image that proves a release and lays it out (serving/images/fetch.Containerfile)."""
    device_plugin_image: ImageSettings
    """NVIDIA's device plugin: it makes a node's cards something that pods can ask for."""
    queue_time_ms: Annotated[int, Field(ge=1, le=1000)]
    """The mean time of a request in Triton's queue above which pods are added."""
    openstack: ReplicaSettings
    aws: ReplicaSettings
    edge: EdgeSettings
    gateway: GatewaySettings
    monitoring: MonitoringSettings

    def images(self) -> dict[str, ImageSettings]:
        """Every image of this group that runs on AWS too, by key."""
        return {
            "triton.image": self.triton.image,
            "fetch-image": self.fetch_image,
            "device-plugin-image": self.device_plugin_image,
            "edge.image": self.edge.image,
        }


def _graphs_mib(sizes: Mapping[str, int]) -> float:
    return sum(size for name, size in sizes.items() if name.endswith(".onnx")) / _MIB
