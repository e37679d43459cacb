"""Triton in one cluster, the same in both clouds: what serves, who may call it, and how it scales."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as kubernetes

from infra.inference.autoscaling import autoscaler
from infra.inference.certificate import certificate
from infra.inference.network_policy import NAMESPACE_NAME_LABEL, default_deny, to_names, to_store
from infra.inference.pod_security import namespace_labels
from infra.inference.store_access import StoreAccess, store_secret
from infra.inference.triton import CERTIFICATE, LABELS, PORTS, PRIORITY_CLASS, STORE_SECRET, PodArgs, pod_spec
from infra.naming import NAMESPACE, TRITON_ACCOUNT
from infra.settings.edge import IssuerRef
from infra.settings.inference import ReplicaSettings
from serving.edge.config import TRITON_NAME

__all__ = ["CLIENT_LABELS", "Inference", "InferenceArgs"]

NAME = "triton"
# What a pod of the namespace carries to be let in: the edge and the gateway do.
CLIENT_LABELS = {"rialto.shop/calls": "triton"}
# Above training, below what the cluster itself needs
# (https://kubernetes.io/docs/concepts/scheduling-eviction/pod-priority-preemption/).
PRIORITY = 100_000
SCRAPE_INTERVAL = "15s"
# A node may have to be started, and an image of 15 GiB pulled.
ROLLOUT_SECONDS = 1800


@dataclass(frozen=True, kw_only=True)
class InferenceArgs:
    """What is served, from which store, with what, and on which nodes; images as this cluster pulls them.

    `issuer` signs what Triton and its edge show each other. `store` is the data set's address (s3://bucket/prefix);
    `monitoring` is Prometheus' namespace.
    """

    replicas: ReplicaSettings
    queue_time_ms: int
    digest: str
    triton_image: pulumi.Input[str]
    fetch_image: pulumi.Input[str]
    store: pulumi.Input[str]
    access: StoreAccess
    node_selector: Mapping[str, str]
    monitoring: pulumi.Input[str]
    issuer: IssuerRef


class Inference(pulumi.ComponentResource):
    """Triton pods that prove their release before they answer, behind one name."""

    namespace: pulumi.Output[str]
    grpc_endpoint: pulumi.Output[str]
    http_endpoint: pulumi.Output[str]
    release: pulumi.Output[str]
    # Before anything is there, since the edge's files say it.
    host: str = f"{NAME}.{NAMESPACE}.svc"

    def __init__(self, name: str, args: InferenceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("rialto:inference:Inference", name, None, opts)
        self._inside = pulumi.ResourceOptions(parent=self)
        namespace = kubernetes.core.v1.Namespace(
            name, metadata={"name": NAMESPACE, "labels": namespace_labels("restricted")}, opts=self._inside
        )
        self.namespace = namespace.metadata.apply(lambda metadata: str(metadata.name))
        before = self._around(name, args)
        deployment = self._deployment(name, args, before)
        self._watched(name, args)
        host = pulumi.Output.concat(NAME, ".", self.namespace, ".svc")
        self.grpc_endpoint = pulumi.Output.concat(host, f":{PORTS['grpc']}")
        self.http_endpoint = pulumi.Output.concat("http://", host, f":{PORTS['http']}")
        # Known when the pods answer with it.
        self.release = deployment.id.apply(lambda _: args.digest)
        self.register_outputs(
            {
                "namespace": self.namespace,
                "grpc_endpoint": self.grpc_endpoint,
                "http_endpoint": self.http_endpoint,
                "release": self.release,
            }
        )

    def _here(self, name: str = NAME) -> kubernetes.meta.v1.ObjectMetaArgsDict:
        return {"name": name, "namespace": self.namespace, "labels": LABELS}

    def _around(self, name: str, args: InferenceArgs) -> list[pulumi.Resource]:
        """Declare what must be there before the first pod."""
        inside = self._inside
        found: list[pulumi.Resource | None] = [
            kubernetes.core.v1.ServiceAccount(
                name, metadata=self._here(TRITON_ACCOUNT), automount_service_account_token=False, opts=inside
            ),
            kubernetes.scheduling.v1.PriorityClass(
                name,
                metadata={"name": PRIORITY_CLASS},
                value=PRIORITY,
                description="Serving goes before training.",
                opts=inside,
            ),
            default_deny(f"{name}-default-deny", self.namespace, inside),
            self._flows(name, args),
            store_secret(f"{name}-store", args.access, self._here(STORE_SECRET), inside),
            certificate(
                f"{name}-certificate",
                self._here(CERTIFICATE),
                args.issuer,
                [TRITON_NAME],
                ["server auth"],
                inside,
            ),
            kubernetes.policy.v1.PodDisruptionBudget(
                name,
                metadata=self._here(),
                # A pod that never becomes ready must not keep its node from being drained.
                spec={
                    "max_unavailable": 1,
                    "selector": {"match_labels": LABELS},
                    "unhealthy_pod_eviction_policy": "AlwaysAllow",
                },
                opts=inside,
            ),
            # There before its pods, so nothing waits for them here.
            # Without an address of its own: DNS names every pod, and Envoy balances each request over them, which
            # one address would do for connections only.
            kubernetes.core.v1.Service(
                name,
                metadata={**self._here(), "annotations": {"pulumi.com/skipAwait": "true"}},
                spec={
                    "cluster_ip": "None",
                    "selector": LABELS,
                    "ports": [
                        {"name": key, "port": PORTS[key], "target_port": key} for key in ("http", "grpc")
                    ],
                },
                opts=inside,
            ),
        ]
        return [each for each in found if each is not None]

    def _flows(self, name: str, args: InferenceArgs) -> kubernetes.networking.v1.NetworkPolicy:
        return kubernetes.networking.v1.NetworkPolicy(
            name,
            metadata=self._here(),
            spec={
                "pod_selector": {"match_labels": LABELS},
                "policy_types": ["Ingress", "Egress"],
                "ingress": [
                    {
                        "from_": [{"pod_selector": {"match_labels": CLIENT_LABELS}}],
                        "ports": [{"protocol": "TCP", "port": PORTS[key]} for key in ("http", "grpc")],
                    },
                    {
                        "from_": [
                            {"namespace_selector": {"match_labels": {NAMESPACE_NAME_LABEL: args.monitoring}}}
                        ],
                        "ports": [{"protocol": "TCP", "port": PORTS["metrics"]}],
                    },
                ],
                "egress": [to_names(), *to_store(args.access)],
            },
            opts=self._inside,
        )

    def _deployment(
        self, name: str, args: InferenceArgs, before: list[pulumi.Resource]
    ) -> kubernetes.apps.v1.Deployment:
        pod = PodArgs(
            replicas=args.replicas,
            triton_image=args.triton_image,
            fetch_image=args.fetch_image,
            store=args.store,
            access=args.access,
            digest=args.digest,
            node_selector=args.node_selector,
        )
        return kubernetes.apps.v1.Deployment(
            name,
            metadata=self._here(),
            spec={
                # No `replicas`: the autoscaler owns it, and a number here would fight it at every `up`.
                "selector": {"match_labels": LABELS},
                # A pod more, never one less: what serves does not shrink while it changes.
                "strategy": {
                    "type": "RollingUpdate",
                    "rolling_update": {"max_surge": 1, "max_unavailable": 0},
                },
                "progress_deadline_seconds": ROLLOUT_SECONDS,
                "revision_history_limit": 3,
                "template": {
                    "metadata": {"labels": LABELS, "annotations": {"rialto.shop/release": args.digest}},
                    "spec": pod_spec(pod),
                },
            },
            opts=pulumi.ResourceOptions(parent=self, depends_on=before, custom_timeouts=_rollout()),
        )

    def _watched(self, name: str, args: InferenceArgs) -> None:
        """Declare who scrapes the pods, and what follows from what they say."""
        kubernetes.apiextensions.CustomResource(
            name,
            api_version="monitoring.coreos.com/v1",
            kind="PodMonitor",
            metadata=self._here(),
            spec={
                "selector": {"matchLabels": LABELS},
                "podMetricsEndpoints": [{"port": "metrics", "interval": SCRAPE_INTERVAL}],
            },
            opts=self._inside,
        )
        autoscaler(name, self._here(), NAME, args.replicas, args.queue_time_ms, self._inside)


def _rollout() -> pulumi.CustomTimeouts:
    return pulumi.CustomTimeouts(create=f"{ROLLOUT_SECONDS}s", update=f"{ROLLOUT_SECONDS}s")
