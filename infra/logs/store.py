"""The logs of the private cloud, which name its users and so stay there: one VictoriaLogs on an encrypted volume."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as kubernetes

from infra.inference.history_store import volume_claim
from infra.inference.pod_security import CONTAINER_SECURITY, unprivileged
from infra.inference.probe import at, probed
from infra.inference.workload import headless_service, service_account
from infra.logs.collector import LABELS as COLLECTOR_LABELS
from infra.naming import LOGS_NAMESPACE
from infra.settings.logs import LogStoreSettings

__all__ = ["LABELS", "LogStore", "LogStoreArgs", "flags"]

NAME = "log-store"
LABELS = {"app.kubernetes.io/name": NAME, "app.kubernetes.io/part-of": "rialto"}
PORT = 9428
DATA = "/storage"
# The oldest days go before the disk is full.
FULL_PERCENT = 80
START_SECONDS = 120


@dataclass(frozen=True, kw_only=True)
class LogStoreArgs:
    """Its sizes and days, and the class of encrypted volumes."""

    store: LogStoreSettings
    namespace: pulumi.Input[str]
    storage_class: pulumi.Input[str]


class LogStore(pulumi.ComponentResource):
    """Answers collectors, and whoever forwards its port (`kubectl -n logs port-forward svc/log-store 9428`)."""

    host: str = f"{NAME}.{LOGS_NAMESPACE}.svc"
    port: int = PORT

    def __init__(self, name: str, args: LogStoreArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("rialto:logs:LogStore", name, None, opts)
        inside = pulumi.ResourceOptions(parent=self)
        here: kubernetes.meta.v1.ObjectMetaArgsDict = {
            "name": NAME,
            "namespace": args.namespace,
            "labels": LABELS,
        }
        before: list[pulumi.Resource] = [
            service_account(name, here, inside),
            headless_service(name, here, LABELS, {"http": PORT}, inside),
            kubernetes.networking.v1.NetworkPolicy(
                name,
                metadata=here,
                spec={
                    "pod_selector": {"match_labels": LABELS},
                    "policy_types": ["Ingress", "Egress"],
                    "ingress": [
                        {
                            "from_": [{"pod_selector": {"match_labels": COLLECTOR_LABELS}}],
                            "ports": [{"protocol": "TCP", "port": PORT}],
                        }
                    ],
                },
                opts=inside,
            ),
        ]
        kubernetes.apps.v1.StatefulSet(
            name,
            metadata=here,
            spec={
                "replicas": 1,
                "service_name": NAME,
                "selector": {"match_labels": LABELS},
                "template": {"metadata": {"labels": LABELS}, "spec": _pod(args.store)},
                "volume_claim_templates": [volume_claim("data", args.storage_class, args.store.volume_gib)],
            },
            opts=pulumi.ResourceOptions(parent=self, depends_on=before),
        )
        self.register_outputs({})


def _pod(store: LogStoreSettings) -> kubernetes.core.v1.PodSpecArgsDict:
    memory = {"memory": f"{store.memory_mib}Mi"}
    container: kubernetes.core.v1.ContainerArgsDict = {
        "name": "victoria-logs",
        "image": store.image.reference,
        "args": flags(store.days),
        "ports": [{"name": "http", "container_port": PORT}],
        "security_context": CONTAINER_SECURITY,
        "resources": {"requests": {"cpu": "100m", **memory}, "limits": memory},
        "volume_mounts": [{"name": "data", "mount_path": DATA}],
    }
    health = at("http", "/health")
    return unprivileged(
        NAME, {"containers": [probed(container, ready=health, alive=health, start_seconds=START_SECONDS)]}
    )


def flags(days: int, data: str = DATA, port: int = PORT) -> list[str]:
    """What VictoriaLogs is started with (https://docs.victoriametrics.com/victorialogs/#list-of-command-line-flags)."""
    return [
        f"-storageDataPath={data}",
        f"-httpListenAddr=:{port}",
        f"-retentionPeriod={days}d",
        f"-retention.maxDiskUsagePercent={FULL_PERCENT}",
    ]
