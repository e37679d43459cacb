"""A month at list prices: what is always there, the most it may grow to, and what has no price."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from infra.aws.instance_type import INSTANCE_TYPES
from infra.policy.estate import Resource, is_unknown
from infra.policy.price import HOURS_PER_MONTH, Prices

__all__ = ["Cost", "CostLine", "cost"]

NODE_GROUP = "aws:eks/nodeGroup:NodeGroup"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
# What is there all month at a price that the file does not have, and what is paid by use; one line each.
UNPRICED = {
    "aws:ec2/vpnConnection:VpnConnection": "VPN connections",
    "aws:ec2transitgateway/vpcAttachment:VpcAttachment": "attachments of the VPC to the Transit Gateway",
    "aws:ec2/natGateway:NatGateway": "NAT gateways",
    "aws:lb/loadBalancer:LoadBalancer": "load balancers",
    "aws:kms/key:Key": "KMS keys",
    "aws:s3/bucket:Bucket": "buckets, by what they hold",
    "aws:ecr/repository:Repository": "image repositories, by what they hold",
    "aws:cloudwatch/logGroup:LogGroup": "log groups, by what is written",
    "aws:sns/topic:Topic": "topics, by what is sent",
}
PRIVATE = "openstack:"


@dataclass(frozen=True, kw_only=True)
class CostLine:
    """One thing that is paid for: how many there always are and may be, and the price of one for a month.

    Without a price, `ceiling` is what one costs at most, if that is known.
    """

    what: str
    least: float
    most: float
    dollars: float | None
    ceiling: float | None = None

    @property
    def always(self) -> float:
        """Dollars a month for what is always there; 0 for what has no price."""
        return self.least * (self.dollars or 0)

    @property
    def at_most(self) -> float:
        """Dollars a month for the most there may be; 0 for what has neither price nor ceiling."""
        return self.most * (self.dollars or self.ceiling or 0)

    @property
    def is_known(self) -> bool:
        """Whether there is a price, or nothing that would need one."""
        return self.dollars is not None or self.most == 0


@dataclass(frozen=True, kw_only=True)
class Cost:
    """All lines, and the GPU hours of a month: of cards that are always there, and the most there may be."""

    lines: tuple[CostLine, ...]
    gpu_hours: tuple[float, float]
    unknown: tuple[str, ...]

    @property
    def always(self) -> float:
        """Dollars a month for what is always there."""
        return sum(line.always for line in self.lines)

    @property
    def at_most(self) -> float:
        """Dollars a month if every pool is full all month."""
        return sum(line.at_most for line in self.lines)


def cost(resources: Iterable[Resource], prices: Prices) -> Cost:
    """Price the resources."""
    resources = list(resources)
    groups = [each for each in resources if each.type == NODE_GROUP]
    lines = [
        *(line for group in groups for line in _nodes(group, resources, prices)),
        *_control_planes(resources, prices),
        *_endpoints(resources, prices),
    ]
    hours = [_gpu_hours(group) for group in groups]
    return Cost(
        lines=tuple(lines),
        gpu_hours=(sum(least for least, _ in hours), sum(most for _, most in hours)),
        unknown=tuple(_unknown(resources, lines)),
    )


def _nodes(group: Resource, resources: list[Resource], prices: Prices) -> Iterator[CostLine]:
    kinds = _types(group)
    least, most = _sizes(group)
    months = [_month(kind, prices) for kind in kinds]
    if group.inputs.get("capacityType") == "SPOT":
        # AWS takes whichever it has; none costs more than on demand.
        ceiling = None if None in months else max(month for month in months if month is not None)
        what = f"{group.name}: {' or '.join(kinds)}, spot"
        yield CostLine(what=what, least=least, most=most, dollars=None, ceiling=ceiling)
    else:
        # AWS takes the others only where it has none left of the first.
        yield CostLine(what=f"{group.name}: {kinds[0]}, on demand", least=least, most=most, dollars=months[0])
    for size, volume_type in _disks(group, resources):
        per_gib = prices.volume_gib_month.get(volume_type)
        yield CostLine(
            what=f"{group.name}: {size:g} GiB {volume_type} a node",
            least=least,
            most=most,
            dollars=None if per_gib is None else per_gib * size,
        )


def _disks(group: Resource, resources: list[Resource]) -> Iterator[tuple[float, str]]:
    """The disks of a group's launch template, which is named as the group's name begins."""
    templates = [each for each in resources if each.type == TEMPLATE and group.name.startswith(each.name)]
    for each in templates:
        for mapping in each.inputs.get("blockDeviceMappings") or ():
            disk = mapping.get("ebs") or {}
            yield float(disk.get("volumeSize", 0)), str(disk.get("volumeType"))


def _control_planes(resources: list[Resource], prices: Prices) -> Iterator[CostLine]:
    for each in resources:
        if each.type == "aws:eks/cluster:Cluster":
            month = prices.cluster_hour["standard"] * HOURS_PER_MONTH
            yield CostLine(what=f"{each.name}: EKS, standard support", least=1, most=1, dollars=month)


def _endpoints(resources: list[Resource], prices: Prices) -> Iterator[CostLine]:
    zones = sum(
        len(each.inputs.get("subnetIds") or ())
        for each in resources
        if each.type == "aws:ec2/vpcEndpoint:VpcEndpoint"
        and each.inputs.get("vpcEndpointType") == "Interface"
        and not is_unknown(each.inputs.get("subnetIds"))
    )
    if zones:
        month = prices.endpoint_hour["interface"] * HOURS_PER_MONTH
        yield CostLine(what="interface endpoints, for each zone", least=zones, most=zones, dollars=month)


def _unknown(resources: list[Resource], lines: list[CostLine]) -> Iterator[str]:
    """What has no price, in words."""
    yield from (line.what for line in lines if not line.is_known)
    counts = Counter(each.type for each in resources)
    for kind, words in UNPRICED.items():
        if counts[kind]:
            yield f"{counts[kind]} {words}"
    if any(each.type.startswith(PRIVATE) for each in resources):
        yield "everything in the private cloud: it has no price list"
    yield "traffic, above all out of AWS and over the VPN"


def _gpu_hours(group: Resource) -> tuple[float, float]:
    found = INSTANCE_TYPES.get(_types(group)[0])
    cards = found.gpus if found else 0
    least, most = _sizes(group)
    return cards * least * HOURS_PER_MONTH, cards * most * HOURS_PER_MONTH


def _types(group: Resource) -> list[str]:
    types = group.inputs.get("instanceTypes")
    return [str(each) for each in types] if isinstance(types, list) and types else ["unknown type"]


def _month(kind: str, prices: Prices) -> float | None:
    per_hour = prices.instance_hour.get(kind)
    return None if per_hour is None else per_hour * HOURS_PER_MONTH


def _sizes(group: Resource) -> tuple[float, float]:
    scaling = group.inputs.get("scalingConfig") or {}
    return float(scaling.get("minSize") or 0), float(scaling.get("maxSize") or 0)
