"""The architecture as people draw it: the boxes that the stack's components stand in, and what flows between them."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from infra.policy.estate import Resource
from infra.scheduling import GPU_RESOURCE

__all__ = ["SHOP", "Arrow", "Box", "Sketch", "sketch"]

FILE = Path(__file__).with_name("architecture.toml")
SIDES = ("private", "bridge", "aws")
SHOP = "shop"


@dataclass(frozen=True, kw_only=True)
class Box:
    """Components that one thinks of as one thing; `place` is its column and row within its side."""

    side: str
    place: tuple[int, int]
    title: str
    role: str
    holds: tuple[str, ...]

    def has(self, owner: str) -> bool:
        """Whether a component, `<type without rialto:>::<name>`, stands here."""
        return any(fnmatchcase(owner, pattern) for pattern in self.holds)


@dataclass(frozen=True, kw_only=True)
class Arrow:
    """What flows from one box to another: requests or data."""

    source: str
    target: str
    kind: str


@dataclass(frozen=True, kw_only=True)
class Sketch:
    """What a stack holds: each box, its sizes and counts in words and its number of resources, by the box's key."""

    boxes: Mapping[str, Box]
    facts: Mapping[str, tuple[str, ...]]
    counts: Mapping[str, int]
    arrows: tuple[Arrow, ...]


# What a box holds most of, by type: one and many.
COUNTED = {
    "openstack:compute/instance:Instance": ("machine", "machines"),
    "openstack:networking/network:Network": ("network", "networks"),
    "openstack:objectstorage/container:Container": ("container", "containers"),
    "openstack:keymanager/secretV1:SecretV1": ("secret", "secrets"),
    "kubernetes:batch/v1:CronJob": ("job", "jobs"),
    "kubernetes:helm.sh/v3:Release": ("chart", "charts"),
    "random:index/randomPassword:RandomPassword": ("tunnel", "tunnels"),
    "aws:s3/bucket:Bucket": ("bucket", "buckets"),
    "aws:ecr/repository:Repository": ("repository", "repositories"),
    "aws:kms/key:Key": ("key", "keys"),
    "aws:ec2/flowLog:FlowLog": ("flow log", "flow logs"),
    "aws:ec2/vpnConnection:VpnConnection": ("VPN connection", "VPN connections"),
    "aws:ec2/subnet:Subnet": ("subnet", "subnets"),
    "aws:ec2/vpcEndpoint:VpcEndpoint": ("endpoint", "endpoints"),
    "aws:eks/addon:Addon": ("add-on", "add-ons"),
}


def sketch(resources: Iterable[Resource]) -> Sketch:
    """Put every resource into its box; ValueError names a component that has none."""
    table = tomllib.loads(FILE.read_text())
    boxes = {key: Box(side=side, **box) for side in SIDES for key, box in table[side].items()}
    held: dict[str, list[Resource]] = {key: [] for key in boxes}
    # Components are boxes, and providers and the stack are how things come about.
    resources = [each for each in resources if not each.type.startswith(("rialto:", "pulumi:"))]
    for each in resources:
        held[_key(each, boxes)].append(each)
    held = {key: inside for key, inside in held.items() if inside}
    return Sketch(
        boxes={key: boxes[key] for key in held},
        facts={key: _facts(inside) for key, inside in held.items()},
        counts={key: len(inside) for key, inside in held.items()},
        arrows=tuple(_arrows(table["arrows"], {SHOP, *held}, _overflows(resources))),
    )


def _key(resource: Resource, boxes: Mapping[str, Box]) -> str:
    owner = f"{resource.component.removeprefix('rialto:')}::{resource.parent.rpartition('::')[2]}"
    for key, box in boxes.items():
        if box.has(owner):
            return key
    raise ValueError(f"{owner} ({resource.type}) is in no box of the picture; name it in {FILE.name}")


def _arrows(table: Mapping[str, Any], there: Collection[str], overflows: bool) -> Iterator[Arrow]:
    kinds = {"requests": "requests", "data": "data", **({"overflow": "requests"} if overflows else {})}
    for key, kind in kinds.items():
        for source, target in table[key]:
            if source in there and target in there:
                yield Arrow(source=source, target=target, kind=kind)


def _facts(held: Sequence[Resource]) -> tuple[str, ...]:
    """Sizes, then what is counted: in the order of RANGES and of names, so that the picture stays the same."""
    ordered = sorted(held, key=lambda each: each.name)
    sizes = [
        found
        for kind, size in RANGES.items()
        for each in ordered
        if each.type == kind and (found := size(each.inputs))
    ]
    counts = Counter(each.type for each in held)
    counted = [f"{counts[kind]} {words[counts[kind] > 1]}" for kind, words in COUNTED.items() if counts[kind]]
    return (*sizes, *([", ".join(counted)] if counted else []))


def _pods(inputs: Mapping[str, Any]) -> str:
    spec = inputs["spec"]
    return f"{_span(spec['minReplicas'], spec['maxReplicas'])} pods"


def _card(inputs: Mapping[str, Any]) -> str:
    containers = inputs["spec"]["template"]["spec"]["containers"]
    return (
        "a GPU each"
        if any(GPU_RESOURCE in each["resources"].get("limits", ()) for each in containers)
        else ""
    )


def _volume(inputs: Mapping[str, Any]) -> str:
    sizes = [
        each["spec"]["resources"]["requests"]["storage"] for each in inputs["spec"]["volumeClaimTemplates"]
    ]
    return f"a volume of {', '.join(sizes)} each"


def _eks_nodes(inputs: Mapping[str, Any]) -> str:
    sizes = inputs["scalingConfig"]
    spot = " spot" if inputs["capacityType"] == "SPOT" else ""
    return f"{_span(sizes['minSize'], sizes['maxSize'])}{spot} {inputs['instanceTypes'][0]}"


def _magnum_nodes(inputs: Mapping[str, Any]) -> str:
    return f"{_span(inputs['minNodeCount'], inputs['maxNodeCount'])} {inputs['flavorId']}"


def _span(least: float, most: float) -> str:
    return f"{least:g} to {most:g}"


RANGES: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "kubernetes:autoscaling/v2:HorizontalPodAutoscaler": _pods,
    "kubernetes:apps/v1:Deployment": _card,
    "kubernetes:apps/v1:StatefulSet": _volume,
    "aws:eks/nodeGroup:NodeGroup": _eks_nodes,
    "openstack:containerinfra/nodeGroup:NodeGroup": _magnum_nodes,
}


def _overflows(resources: Iterable[Resource]) -> bool:
    """Whether the private cloud's edge may call addresses beyond its own cluster: Tritons of the other cloud."""
    policy = ("kubernetes:networking.k8s.io/v1:NetworkPolicy", "openstack-edge")
    flows = [
        flow
        for each in resources
        if (each.type, each.name) == policy
        for flow in each.inputs["spec"]["egress"]
    ]
    return any("ipBlock" in peer for flow in flows for peer in flow.get("to", ()))
