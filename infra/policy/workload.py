"""GPU pools and pods that know no limit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from infra.policy.estate import Estate, Resource, is_unknown
from infra.policy.finding import Finding

__all__ = ["containers", "pod_specs", "unlimited_gpus"]

GPU = "nvidia.com/gpu"
# Where a pod's description lies in the kinds of objects that the program declares.
_POD_PATHS = {
    "kubernetes:core/v1:Pod": ("spec",),
    "kubernetes:apps/v1:Deployment": ("spec", "template", "spec"),
    "kubernetes:apps/v1:StatefulSet": ("spec", "template", "spec"),
    "kubernetes:apps/v1:DaemonSet": ("spec", "template", "spec"),
    "kubernetes:batch/v1:Job": ("spec", "template", "spec"),
    "kubernetes:batch/v1:CronJob": ("spec", "jobTemplate", "spec", "template", "spec"),
}


def pod_specs(estate: Estate) -> Iterator[tuple[Resource, Mapping[str, Any]]]:
    """Every description of a pod, with the object that has it."""
    for kind, path in _POD_PATHS.items():
        for each in estate.of(kind):
            value: Any = each.inputs
            for key in path:
                value = value.get(key) if isinstance(value, Mapping) else None
            if isinstance(value, Mapping):
                yield each, value


def containers(spec: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The containers of a pod, those that come first among them."""
    for key in ("initContainers", "containers"):
        found = spec.get(key)
        yield from found if isinstance(found, list) else ()


def unlimited_gpus(estate: Estate) -> Iterator[Finding]:
    """Find GPU pools without a highest number of nodes, and GPU pods that could take a node's memory."""
    for each in estate.of("aws:eks/nodeGroup:NodeGroup"):
        if _has_gpus(each) and not (each.inputs.get("scalingConfig") or {}).get("maxSize"):
            yield _unlimited(
                each, "scalingConfig.maxSize", "the highest number of nodes that may be paid for"
            )
    for each in estate.of("openstack:containerinfra/nodeGroup:NodeGroup"):
        if "gpu" in str(each.inputs.get("role", "")) and not each.inputs.get("maxNodeCount"):
            yield _unlimited(each, "maxNodeCount", "the GPU hosts that there are")
    for each, spec in pod_specs(estate):
        for container in containers(spec):
            resources = container.get("resources") or {}
            limits, requests = resources.get("limits") or {}, resources.get("requests") or {}
            if GPU not in limits and GPU not in requests:
                continue
            for key in (GPU, "memory"):
                if key not in limits:
                    yield _unlimited(
                        each, f"containers.{container.get('name')}.resources.limits.{key}", "a number"
                    )


def _has_gpus(each: Resource) -> bool:
    types = each.inputs.get("instanceTypes") or ()
    named = not is_unknown(types) and any(str(kind).startswith(("g", "p")) for kind in types)
    return named or "NVIDIA" in str(each.inputs.get("amiType", ""))


def _unlimited(each: Resource, key: str, right: str) -> Finding:
    return Finding(where=each.name, problem=f"{key} is not set", remedy=f"set {key} to {right}")
