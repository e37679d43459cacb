"""Security groups that admit what is declared, both ways, and nothing that the cloud adds by itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_openstack import networking

from infra.openstack.tag import tag_list

__all__ = ["Flow", "flow_rules", "security_group"]

DIRECTIONS = ("ingress", "egress")


@dataclass(frozen=True, kw_only=True)
class Flow:
    """Packets of one protocol to and from one place: a range, or the members of a group."""

    protocol: str
    description: str
    remote_range: pulumi.Input[str] | None = None
    remote_group_id: pulumi.Input[str] | None = None
    port: int | None = None


def security_group(
    name: str, description: str, tags: Mapping[str, str], opts: pulumi.ResourceOptions
) -> networking.SecGroup:
    """Declare a group without a rule: not even the cloud's own, which let everything out."""
    return networking.SecGroup(
        name,
        description=description,
        delete_default_rules=True,
        # What leaves through one gateway may come back through the other, where a stateful group has seen
        # no beginning and drops it (https://docs.openstack.org/neutron/latest/admin/ovn/stateless.html).
        stateful=False,
        tags=tag_list(tags),
        opts=opts,
    )


def flow_rules(
    name: str, group_id: pulumi.Input[str], flows: Mapping[str, Flow], opts: pulumi.ResourceOptions
) -> list[networking.SecGroupRule]:
    """Declare both directions of each flow: a stateless group remembers no connection to let the answer through."""
    return [
        networking.SecGroupRule(
            f"{name}-{key}-{direction}",
            security_group_id=group_id,
            direction=direction,
            ethertype="IPv4",
            protocol=flow.protocol,
            port_range_min=flow.port,
            port_range_max=flow.port,
            remote_ip_prefix=flow.remote_range,
            remote_group_id=flow.remote_group_id,
            description=flow.description,
            opts=opts,
        )
        for key, flow in flows.items()
        for direction in DIRECTIONS
    ]
