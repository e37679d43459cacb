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
from infra.inference.workload import disruption_budget, headless_service, pod_monitor, service_account
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
            service_account(name, self._here(TRITON_ACCOUNT), inside),
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
            disruption_budget(name, self._here(), LABELS, inside),
            headless_service(
                name, self._here(), LABELS, {key: PORTS[key] for key in ("http", "grpc")}, inside
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
        pod_monitor(name, self._here(), LABELS, [{"port": "metrics"}], self._inside)
        autoscaler(name, self._here(), NAME, args.replicas, args.queue_time_ms, self._inside)


def _rollout() -> pulumi.CustomTimeouts:
    return pulumi.CustomTimeouts(create=f"{ROLLOUT_SECONDS}s", update=f"{ROLLOUT_SECONDS}s")
