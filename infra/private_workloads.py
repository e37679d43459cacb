"""What runs on the private cluster: everything that callers meet, and what copies data to AWS."""

from __future__ import annotations

from urllib.parse import urlsplit

import pulumi

from infra import naming
from infra.aws.cloud import AwsCloud
from infra.aws.sync import SyncTarget
from infra.bridge.description import Bridge
from infra.bridge.observation import Observation, ObservationArgs
from infra.bridge.sync import Sync, SyncArgs
from infra.cluster import in_cluster
from infra.inference.device_plugin import DevicePlugin, DevicePluginArgs
from infra.inference.edge import Edge, EdgeArgs
from infra.inference.gateway import Gateway, GatewayArgs
from infra.inference.inference import Inference, InferenceArgs
from infra.inference.store_access import StoreAccess, StoreKey
from infra.logs.collector import Collector, CollectorArgs
from infra.logs.namespace import LogNamespace
from infra.logs.outlet import to_store
from infra.logs.store import LABELS as LOG_STORE_LABELS
from infra.logs.store import LogStore, LogStoreArgs
from infra.monitoring.monitoring import Monitoring, MonitoringArgs
from infra.monitoring.receiver import ReceiverSecrets, people
from infra.openstack.cloud import PrivateCloud
from infra.openstack.identity import StoreReader
from infra.settings import HybridSettings, Secrets

__all__ = ["private_workloads"]

HTTPS = 443
ROLE_LABEL = "node-role.kubernetes.io"


def private_workloads(
    settings: HybridSettings, secrets: Secrets, bridge: Bridge, private: PrivateCloud, public: AwsCloud
) -> tuple[Inference, Edge]:
    """Declare what runs on Magnum's cluster: Triton, gateway and edge, and the sync to AWS."""
    chosen = settings.inference
    inside = in_cluster("openstack-kubernetes", private.kubeconfig)
    monitoring = Monitoring(
        "openstack-monitoring",
        MonitoringArgs(
            monitoring=chosen.monitoring,
            queue_time_ms=chosen.queue_time_ms,
            gpu=chosen.openstack.device == "gpu",
            cluster=f"{pulumi.get_stack()}-openstack",
            image=str,
            schedules=naming.NAMESPACE,
            outlet=people(
                chosen.monitoring.receivers,
                ReceiverSecrets(
                    pager_key=secrets.pager_key,
                    slack_url=secrets.slack_url,
                    mail_password=secrets.mail_password,
                ),
            ),
        ),
        inside,
    )
    Observation("bridge-observation", ObservationArgs(bridge=bridge, namespace=monitoring.namespace), inside)
    # Magnum gives a node no label but that of its pool's role (infra/openstack/README.md).
    role = "gpu" if chosen.openstack.device == "gpu" else "worker"
    if role == "gpu":
        DevicePlugin(
            "openstack-device-plugin",
            DevicePluginArgs(
                image=chosen.device_plugin_image.reference, node_selector={f"{ROLE_LABEL}/gpu": ""}
            ),
            inside,
        )
    nodes = {f"{ROLE_LABEL}/{role}": ""}
    inference = Inference(
        "openstack-inference",
        InferenceArgs(
            replicas=chosen.openstack,
            queue_time_ms=chosen.queue_time_ms,
            digest=settings.release.digest,
            triton_image=chosen.triton.image.reference,
            fetch_image=chosen.fetch_image.reference,
            store=private.stores[settings.residency.releases],
            access=_private_store(settings, private, private.release_reader),
            node_selector=nodes,
            monitoring=monitoring.namespace,
            issuer=chosen.edge.internal_issuer,
        ),
        inside,
    )
    Sync(
        "bridge-sync",
        SyncArgs(
            sync=settings.bridge.sync,
            data_sets=settings.residency.copied,
            containers=private.containers,
            bucket=public.bucket,
            key_arn=public.objects_key_arn,
            private=_private_store(settings, private, private.sync_reader),
            public=_aws_store_over_the_bridge(settings, public.sync_target),
            namespace=inference.namespace,
            node_selector={f"{ROLE_LABEL}/worker": ""},
        ),
        inside,
    )
    gateway = _gateway(settings, secrets, inference, monitoring, private, inside)
    _logs(settings, gateway, inside)
    edge = Edge(
        "openstack-edge",
        EdgeArgs(
            edge=chosen.edge,
            replicas=chosen.edge.openstack,
            image=chosen.edge.image.reference,
            namespace=inference.namespace,
            node_selector={f"{ROLE_LABEL}/worker": ""},
            triton_host=inference.host,
            monitoring=monitoring.namespace,
            overflow=chosen.edge.overflow,
            gateway=gateway.upstream,
            annotations=private.load_balancer.annotations,
            source_ranges=private.load_balancer.source_ranges,
            balancer_range=str(settings.openstack.network.load_balancer),
        ),
        inside,
    )
    return inference, edge


def _gateway(
    settings: HybridSettings,
    secrets: Secrets,
    inference: Inference,
    monitoring: Monitoring,
    private: PrivateCloud,
    inside: pulumi.ResourceOptions,
) -> Gateway:
    chosen = settings.inference
    return Gateway(
        "openstack-gateway",
        GatewayArgs(
            gateway=chosen.gateway,
            edge=chosen.edge,
            fetch_image=chosen.fetch_image.reference,
            digest=settings.release.digest,
            store=private.stores[settings.residency.releases],
            access=_private_store(settings, private, private.release_reader),
            pseudonym_key=secrets.pseudonym_key,
            namespace=inference.namespace,
            node_selector={f"{ROLE_LABEL}/worker": ""},
            triton_host=inference.host,
            monitoring=monitoring.namespace,
            volume_type=private.volume_type,
            keep=settings.protect,
        ),
        inside,
    )


def _logs(settings: HybridSettings, gateway: Gateway, inside: pulumi.ResourceOptions) -> None:
    chosen, namespace = settings.logs, LogNamespace("openstack-logs", inside).namespace
    LogStore(
        "openstack-log-store",
        LogStoreArgs(store=chosen.store, namespace=namespace, storage_class=gateway.storage_class),
        inside,
    )
    Collector(
        "openstack-logs",
        CollectorArgs(
            image=chosen.collector_image.reference,
            namespace=namespace,
            outlet=to_store(LogStore.host, LogStore.port, LOG_STORE_LABELS),
        ),
        inside,
    )


def _private_store(settings: HybridSettings, private: PrivateCloud, reader: StoreReader) -> StoreAccess:
    storage = settings.openstack.storage
    return StoreAccess(
        region=settings.openstack.region,
        ranges=[str(each) for each in storage.s3_ranges],
        port=urlsplit(storage.s3_endpoint).port or HTTPS,
        endpoint=private.s3_endpoint,
        key=StoreKey(access_key=reader.access_key, secret_key=reader.secret_key),
    )


def _aws_store_over_the_bridge(settings: HybridSettings, target: SyncTarget) -> StoreAccess:
    zones = settings.aws.network.zones.values()
    return StoreAccess(
        region=settings.aws.region,
        ranges=[str(each.private) for each in zones],
        endpoint=target.endpoint,
        key=StoreKey(access_key=target.access_key, secret_key=target.secret_key),
    )
