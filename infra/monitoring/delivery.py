"""Alertmanager, which takes alerts out of a cluster: its keys, whom it may talk to, and the chart's values for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from infra.inference.network_policy import to_names
from infra.monitoring.outlet import Outlet
from infra.monitoring.receiver import SECRET
from infra.naming import ALERTMANAGER_ACCOUNT

__all__ = ["Delivery", "DeliveryArgs", "alertmanager_values"]

# Prometheus' operator labels its pods so.
LABELS = {"app.kubernetes.io/name": "alertmanager"}
PROMETHEUS_LABELS = {"app.kubernetes.io/name": "prometheus"}
PORT = 9093
# The two copies tell each other what they have sent, so that nobody is called twice.
PEER_PORT = 9094
# The port of the operator's reloader beside it, which Prometheus scrapes.
RELOADER_PORT = 8080
REPLICAS = 2


@dataclass(frozen=True, kw_only=True)
class DeliveryArgs:
    """How alerts leave, and the namespace of Prometheus."""

    outlet: Outlet
    namespace: pulumi.Input[str]


class Delivery(pulumi.ComponentResource):
    """What must be there before Alertmanager: the keys that its pods mount, and whom they may talk to."""

    def __init__(self, name: str, args: DeliveryArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("rialto:monitoring:Delivery", name, None, opts)
        inside = pulumi.ResourceOptions(parent=self)
        if args.outlet.keys:
            kubernetes.core.v1.Secret(
                f"{name}-keys",
                metadata={"name": SECRET, "namespace": args.namespace},
                type="Opaque",
                string_data=args.outlet.keys,
                opts=inside,
            )
        kubernetes.networking.v1.NetworkPolicy(
            name,
            metadata={"name": "alertmanager", "namespace": args.namespace},
            spec={
                "pod_selector": {"match_labels": LABELS},
                "policy_types": ["Ingress", "Egress"],
                "ingress": [
                    {
                        "from_": [{"pod_selector": {"match_labels": PROMETHEUS_LABELS}}],
                        "ports": _tcp(PORT, RELOADER_PORT),
                    },
                    {"from_": [{"pod_selector": {"match_labels": LABELS}}], "ports": _peers()},
                ],
                "egress": [
                    to_names(),
                    {"to": [{"pod_selector": {"match_labels": LABELS}}], "ports": _peers()},
                    *args.outlet.egress,
                ],
            },
            opts=inside,
        )
        self.register_outputs({})


def alertmanager_values(outlet: Outlet, image: pulumi.Input[dict[str, str]]) -> dict[str, Any]:
    """What kube-prometheus-stack is told; it then points its Prometheus there. Nothing in it is secret."""
    return {
        "enabled": True,
        "config": outlet.configuration,
        "serviceAccount": {"name": ALERTMANAGER_ACCOUNT},
        "podDisruptionBudget": {"enabled": True, "minAvailable": 1},
        "alertmanagerSpec": {
            "image": image,
            "replicas": REPLICAS,
            "secrets": [SECRET] if outlet.keys else [],
            "resources": {"requests": {"cpu": "50m", "memory": "128Mi"}, "limits": {"memory": "256Mi"}},
        },
    }


def _tcp(*ports: int) -> list[kubernetes.networking.v1.NetworkPolicyPortArgsDict]:
    return [{"protocol": "TCP", "port": port} for port in ports]


def _peers() -> list[kubernetes.networking.v1.NetworkPolicyPortArgsDict]:
    return [{"protocol": protocol, "port": PEER_PORT} for protocol in ("TCP", "UDP")]
