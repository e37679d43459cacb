"""Who looks at the bridge: the private cluster's Prometheus scrapes the gateways and knows when to call."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as kubernetes

from infra.bridge.alerts import JOB, rule_groups
from infra.bridge.dashboard import bridge_board
from infra.bridge.description import Bridge
from infra.bridge.firewall import METRICS_PORT
from infra.monitoring.dashboard import dashboard_maps

__all__ = ["Observation", "ObservationArgs"]

SCRAPE_INTERVAL = "15s"


@dataclass(frozen=True, kw_only=True)
class ObservationArgs:
    """The bridge, and where Prometheus runs."""

    bridge: Bridge
    namespace: pulumi.Input[str]


class Observation(pulumi.ComponentResource):
    """What Prometheus asks of the gateways, and the alerts and the dashboard made of it."""

    def __init__(self, name: str, args: ObservationArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("rialto:bridge:Observation", name, None, opts)
        inside = pulumi.ResourceOptions(parent=self)
        targets = [
            {"targets": [f"{gateway.address}:{METRICS_PORT}"], "labels": {"gateway": gateway.name}}
            for gateway in args.bridge.gateways.values()
        ]
        kubernetes.apiextensions.CustomResource(
            f"{name}-gateways",
            api_version="monitoring.coreos.com/v1alpha1",
            kind="ScrapeConfig",
            metadata={"name": JOB, "namespace": args.namespace},
            spec={"jobName": JOB, "scrapeInterval": SCRAPE_INTERVAL, "staticConfigs": targets},
            opts=inside,
        )
        kubernetes.apiextensions.CustomResource(
            f"{name}-alerts",
            api_version="monitoring.coreos.com/v1",
            kind="PrometheusRule",
            metadata={"name": JOB, "namespace": args.namespace},
            spec=rule_groups(args.bridge),
            opts=inside,
        )
        dashboard_maps(f"{name}-dashboard", args.namespace, {"bridge": bridge_board()}, inside)
        self.register_outputs({})
