"""The edge in one cluster, the same in both clouds: what stands between callers and Triton."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_kubernetes as kubernetes

from infra.inference.autoscaling import cores_autoscaler
from infra.inference.certificate import certificate
from infra.inference.edge_pod import (
    CLIENT_CERTIFICATE,
    LABELS,
    NAME,
    PORTS,
    SERVER_CERTIFICATE,
    EdgePodArgs,
    edge_files,
    pod_spec,
)
from infra.inference.gateway_pod import LABELS as GATEWAY_LABELS
from infra.inference.network_policy import NAMESPACE_NAME_LABEL, Egress, to_names
from infra.inference.upstream import to_tritons, tritons
from infra.inference.workload import config_map, disruption_budget, pod_monitor, service_account
from infra.settings.edge import EdgeReplicaSettings, EdgeSettings, OverflowSettings
from serving.edge.config import CLIENT_NAME, GatewayUpstream

__all__ = ["Edge", "EdgeArgs"]

HTTPS = 443
ROLLOUT_SECONDS = 300


@dataclass(frozen=True, kw_only=True)
class EdgeArgs:
    """The edge's settings, and what this cluster adds: image as it pulls it, nodes, Triton's name, how callers come.

    `gateway` is this cluster's domain API, if it has one. With `annotations`, a load balancer outside takes callers
    from `source_ranges` and hands them on from its own addresses, `balancer_range`; without, only pods of the cluster
    call.
    """

    edge: EdgeSettings
    replicas: EdgeReplicaSettings
    image: pulumi.Input[str]
    namespace: pulumi.Input[str]
    node_selector: dict[str, str]
    triton_host: str
    monitoring: pulumi.Input[str]
    overflow: OverflowSettings | None = None
    gateway: GatewayUpstream | None = None
    annotations: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    source_ranges: Sequence[str] = ()
    balancer_range: str = ""


class Edge(pulumi.ComponentResource):
    """Envoy's pods behind one name, the only ones that Triton answers."""

    endpoint: pulumi.Output[str]

    def __init__(self, name: str, args: EdgeArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("rialto:inference:Edge", name, None, opts)
        self._inside = pulumi.ResourceOptions(parent=self)
        self._name, self._args = name, args
        before = self._before()
        deployment = self._deployment(before)
        self._around()
        # Known when its pods answer.
        self.endpoint = deployment.id.apply(lambda _: f"https://{args.edge.host}")
        self.register_outputs({"endpoint": self.endpoint})

    def _here(self, name: str = NAME) -> kubernetes.meta.v1.ObjectMetaArgsDict:
        return {"name": name, "namespace": self._args.namespace, "labels": LABELS}

    def _before(self) -> list[pulumi.Resource]:
        """Declare what must be there before the first pod."""
        name, edge, inside = self._name, self._args.edge, self._inside
        server, client = self._here(SERVER_CERTIFICATE), self._here(CLIENT_CERTIFICATE)
        return [
            service_account(name, self._here(), inside),
            certificate(f"{name}-server", server, edge.issuer, [edge.host], ["server auth"], inside),
            certificate(
                f"{name}-client", client, edge.internal_issuer, [CLIENT_NAME], ["client auth"], inside
            ),
            kubernetes.networking.v1.NetworkPolicy(
                name, metadata=self._here(), spec=self._flows(), opts=inside
            ),
        ]

    def _files(self) -> dict[str, str]:
        args = self._args
        return edge_files(args.edge, args.replicas, tritons(args.triton_host, args.overflow), args.gateway)

    def _deployment(self, before: list[pulumi.Resource]) -> kubernetes.apps.v1.Deployment:
        pod = EdgePodArgs(
            image=self._args.image,
            replicas=self._args.replicas,
            config_map=config_map(self._name, self._here(), NAME, self._files(), self._inside),
            node_selector=self._args.node_selector,
        )
        rollout = pulumi.CustomTimeouts(create=f"{ROLLOUT_SECONDS}s", update=f"{ROLLOUT_SECONDS}s")
        return kubernetes.apps.v1.Deployment(
            self._name,
            metadata=self._here(),
            spec={
                # No `replicas`: the autoscaler owns it.
                "selector": {"match_labels": LABELS},
                "strategy": {
                    "type": "RollingUpdate",
                    "rolling_update": {"max_surge": 1, "max_unavailable": 0},
                },
                "progress_deadline_seconds": ROLLOUT_SECONDS,
                "revision_history_limit": 3,
                "template": {"metadata": {"labels": LABELS}, "spec": pod_spec(pod)},
            },
            opts=pulumi.ResourceOptions(parent=self, depends_on=before, custom_timeouts=rollout),
        )

    def _around(self) -> None:
        """Declare how callers come in, and what keeps enough pods there."""
        name, inside = self._name, self._inside
        kubernetes.core.v1.Service(
            name,
            metadata={
                **self._here(),
                "annotations": {"pulumi.com/skipAwait": "true", **self._args.annotations},
            },
            spec=self._service(),
            opts=inside,
        )
        disruption_budget(name, self._here(), LABELS, inside)
        cores_autoscaler(name, self._here(), "Deployment", NAME, "envoy", self._args.replicas, inside)
        endpoint = {"port": "status", "path": "/stats/prometheus"}
        pod_monitor(name, self._here(), LABELS, [endpoint], inside)

    def _service(self) -> kubernetes.core.v1.ServiceSpecArgsDict:
        spec: kubernetes.core.v1.ServiceSpecArgsDict = {
            "type": "ClusterIP",
            "selector": LABELS,
            "ports": [{"name": "https", "port": HTTPS, "target_port": "https"}],
        }
        if self._args.annotations:
            spec["type"] = "LoadBalancer"
            spec["load_balancer_source_ranges"] = list(self._args.source_ranges)
            # A node without a pod is not asked.
            spec["external_traffic_policy"] = "Local"
        return spec

    def _flows(self) -> kubernetes.networking.v1.NetworkPolicySpecArgsDict:
        watching: kubernetes.networking.v1.NetworkPolicyPeerArgsDict = {
            "namespace_selector": {"match_labels": {NAMESPACE_NAME_LABEL: self._args.monitoring}}
        }
        pods: kubernetes.networking.v1.NetworkPolicyPeerArgsDict = {"namespace_selector": {}}
        balancer: kubernetes.networking.v1.NetworkPolicyPeerArgsDict = {
            "ip_block": {"cidr": self._args.balancer_range}
        }
        callers = balancer if self._args.annotations else pods
        return {
            "pod_selector": {"match_labels": LABELS},
            "policy_types": ["Ingress", "Egress"],
            "ingress": [
                {"from_": [callers], "ports": [{"protocol": "TCP", "port": PORTS["https"]}]},
                {"from_": [watching], "ports": [{"protocol": "TCP", "port": PORTS["status"]}]},
            ],
            "egress": [to_names(), *to_tritons(self._args.overflow), *self._to_gateway()],
        }

    def _to_gateway(self) -> list[Egress]:
        if self._args.gateway is None:
            return []
        return [
            {
                "to": [{"pod_selector": {"match_labels": GATEWAY_LABELS}}],
                "ports": [{"protocol": "TCP", "port": self._args.gateway.port}],
            }
        ]
