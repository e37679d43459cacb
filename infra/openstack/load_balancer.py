"""The private side's front door: Octavia's load balancer and its address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi_openstack import loadbalancer, networking

from infra.openstack.tag import tag_list
from infra.settings.openstack_network import LoadBalancerSettings

__all__ = ["LoadBalancer", "LoadBalancerArgs"]

# The provider that keeps callers out by range (a listener's allowed_cidrs); OVN's has no such rule
# (https://docs.openstack.org/ovn-octavia-provider/latest/admin/driver.html).
OCTAVIA_PROVIDER = "amphora"
# https://github.com/kubernetes/cloud-provider-openstack/blob/master/docs/openstack-cloud-controller-manager/expose-applications-using-loadbalancer-type-service.md
ANNOTATIONS = "loadbalancer.openstack.org"
INTERNAL = "service.beta.kubernetes.io/openstack-internal-load-balancer"


@dataclass(frozen=True, kw_only=True)
class LoadBalancerArgs:
    """Who may call, and where the address lies."""

    load_balancer: LoadBalancerSettings
    subnet_id: pulumi.Input[str]
    external_network: str
    tags: Mapping[str, str]


class LoadBalancer(pulumi.ComponentResource):
    """A load balancer with an address that stays; the edge's Service hangs its TCP listener into it.

    A Service of type LoadBalancer with `annotations` and `source_ranges` is enough: the cluster's controller then
    declares listener, pool, members and health monitor, and keeps the members while nodes come and go.
    """

    load_balancer_id: pulumi.Output[str]
    address: pulumi.Output[str]
    annotations: Mapping[str, pulumi.Output[str]]
    source_ranges: Sequence[str]

    def __init__(self, name: str, args: LoadBalancerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("rialto:openstack:LoadBalancer", name, None, opts)
        inside = pulumi.ResourceOptions(parent=self)
        balancer = loadbalancer.LoadBalancer(
            name,
            vip_subnet_id=args.subnet_id,
            loadbalancer_provider=OCTAVIA_PROVIDER,
            description="HTTPS of the private side",
            tags=tag_list(args.tags),
            # The cluster's controller notes there which Service uses it.
            opts=pulumi.ResourceOptions(parent=self, ignore_changes=["tags"]),
        )
        floating = networking.FloatingIp(
            name, pool=args.external_network, tags=tag_list(args.tags), opts=inside
        )
        networking.FloatingIpAssociate(
            name, floating_ip=floating.address, port_id=balancer.vip_port_id, opts=inside
        )
        self.load_balancer_id = balancer.id
        self.address = floating.address
        self.annotations = {
            f"{ANNOTATIONS}/load-balancer-id": balancer.id,
            f"{ANNOTATIONS}/enable-health-monitor": pulumi.Output.from_input("true"),
            # The controller leaves the floating address alone: it is declared here.
            INTERNAL: pulumi.Output.from_input("true"),
        }
        self.source_ranges = [str(each) for each in args.load_balancer.clients]
        self.register_outputs(
            {
                "load_balancer_id": self.load_balancer_id,
                "address": self.address,
                "annotations": self.annotations,
                "source_ranges": self.source_ranges,
            }
        )
