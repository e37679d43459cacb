"""The domain API in the private cloud, where histories and the key of their pseudonyms stay."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as kubernetes

from infra.inference.autoscaling import cores_autoscaler
from infra.inference.certificate import certificate
from infra.inference.edge_pod import LABELS as EDGE_LABELS
from infra.inference.edge_pod import sidecar_files
from infra.inference.gateway_pod import (
    AUDIT_VOLUME,
    CERTIFICATE,
    CERTIFICATES,
    KEY_FILE,
    KEY_SECRET,
    LABELS,
    NAME,
    PORTS,
    SIDECAR_MIB,
    STORE_SECRET,
    GatewayPodArgs,
    pod_spec,
)
from infra.inference.history_store import LABELS as HISTORY_LABELS
from infra.inference.history_store import HistoryStore, HistoryStoreArgs, volume_claim
from infra.inference.network_policy import NAMESPACE_NAME_LABEL, to_names, to_store
from infra.inference.store_access import StoreAccess, store_secret
from infra.inference.upstream import to_tritons, tritons
from infra.inference.workload import (
    config_map,
    disruption_budget,
    headless_service,
    pod_monitor,
    service_account,
)
from infra.naming import NAMESPACE
from infra.settings.edge import EdgeSettings
from infra.settings.gateway import GatewaySettings
from serving.edge.config import GatewayUpstream

__all__ = ["Gateway", "GatewayArgs"]

ROLLOUT_SECONDS = 900
STORAGE_CLASS = "rialto-encrypted"


@dataclass(frozen=True, kw_only=True)
class GatewayArgs:
    """What was chosen of gateway and edge, the release and where it lies, the key, and what the cluster adds.

    `volume_type` is Cinder's, encrypted; `keep` keeps volumes whose claim is deleted.
    """

    gateway: GatewaySettings
    edge: EdgeSettings
    fetch_image: pulumi.Input[str]
    digest: str
    store: pulumi.Input[str]
    access: StoreAccess
    pseudonym_key: pulumi.Output[str]
    namespace: pulumi.Input[str]
    node_selector: Mapping[str, str]
    triton_host: str
    monitoring: pulumi.Input[str]
    volume_type: pulumi.Input[str]
    keep: bool


class Gateway(pulumi.ComponentResource):
    """Gateway pods, each with an audit log of its own, before one store of histories."""

    release: pulumi.Output[str]
    storage_class: pulumi.Output[str]
    # Before anything is there, since the edge's files say it.
    upstream = GatewayUpstream(host=f"{NAME}.{NAMESPACE}.svc", port=PORTS["http"])

    def __init__(self, name: str, args: GatewayArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("rialto:inference:Gateway", name, None, opts)
        self._inside = pulumi.ResourceOptions(parent=self)
        self._name, self._args = name, args
        self.storage_class = self._storage_class()
        histories = self._histories(self.storage_class)
        stateful = self._pods(self._before(), histories, self.storage_class)
        self._around()
        # Known when its pods answer.
        self.release = stateful.id.apply(lambda _: args.digest)
        self.register_outputs({"release": self.release, "storage_class": self.storage_class})

    def _here(self, name: str = NAME) -> kubernetes.meta.v1.ObjectMetaArgsDict:
        return {"name": name, "namespace": self._args.namespace, "labels": LABELS}

    def _storage_class(self) -> pulumi.Output[str]:
        made = kubernetes.storage.v1.StorageClass(
            self._name,
            metadata={"name": STORAGE_CLASS},
            provisioner="cinder.csi.openstack.org",
            parameters={"type": self._args.volume_type},
            reclaim_policy="Retain" if self._args.keep else "Delete",
            allow_volume_expansion=True,
            # On the node that the pod went to.
            volume_binding_mode="WaitForFirstConsumer",
            opts=self._inside,
        )
        return made.metadata.apply(lambda metadata: str(metadata.name))

    def _histories(self, storage_class: pulumi.Output[str]) -> HistoryStore:
        args = self._args
        return HistoryStore(
            f"{self._name}-histories",
            HistoryStoreArgs(
                histories=args.gateway.histories,
                namespace=args.namespace,
                storage_class=storage_class,
                issuer=args.edge.internal_issuer,
                node_selector=args.node_selector,
                clients=LABELS,
            ),
            self._inside,
        )

    def _before(self) -> list[pulumi.Resource]:
        """Declare what must be there before the first pod."""
        name, args, inside = self._name, self._args, self._inside
        store = store_secret(f"{name}-store", args.access, self._here(STORE_SECRET), inside)
        found: list[pulumi.Resource | None] = [
            service_account(name, self._here(), inside),
            store,
            kubernetes.core.v1.Secret(
                f"{name}-pseudonym-key",
                metadata=self._here(KEY_SECRET),
                type="Opaque",
                string_data={KEY_FILE: args.pseudonym_key},
                opts=inside,
            ),
            certificate(
                f"{name}-client",
                self._here(CERTIFICATE),
                args.edge.internal_issuer,
                [NAME],
                ["client auth"],
                inside,
            ),
            kubernetes.networking.v1.NetworkPolicy(
                name, metadata=self._here(), spec=self._flows(), opts=inside
            ),
            headless_service(name, self._here(), LABELS, {"http": PORTS["http"]}, inside),
        ]
        return [each for each in found if each is not None]

    def _flows(self) -> kubernetes.networking.v1.NetworkPolicySpecArgsDict:
        args = self._args
        watching: kubernetes.networking.v1.NetworkPolicyPeerArgsDict = {
            "namespace_selector": {"match_labels": {NAMESPACE_NAME_LABEL: args.monitoring}}
        }
        edge: kubernetes.networking.v1.NetworkPolicyPeerArgsDict = {
            "pod_selector": {"match_labels": EDGE_LABELS}
        }
        return {
            "pod_selector": {"match_labels": LABELS},
            "policy_types": ["Ingress", "Egress"],
            "ingress": [
                {"from_": [edge], "ports": [{"protocol": "TCP", "port": PORTS["http"]}]},
                {
                    "from_": [watching],
                    "ports": [{"protocol": "TCP", "port": port} for port in PORTS.values()],
                },
            ],
            "egress": [
                to_names(),
                *to_tritons(args.edge.overflow),
                {
                    "to": [{"pod_selector": {"match_labels": HISTORY_LABELS}}],
                    "ports": [{"protocol": "TCP", "port": HistoryStore.port}],
                },
                *to_store(args.access),
            ],
        }

    def _config_map(self) -> pulumi.Output[str]:
        files = sidecar_files(
            self._args.edge,
            CERTIFICATE,
            SIDECAR_MIB,
            tritons(self._args.triton_host, self._args.edge.overflow),
        )
        return config_map(self._name, self._here(), NAME, files, self._inside)

    def _pods(
        self, before: list[pulumi.Resource], histories: HistoryStore, storage_class: pulumi.Output[str]
    ) -> kubernetes.apps.v1.StatefulSet:
        args = self._args
        pod = GatewayPodArgs(
            gateway=args.gateway,
            fetch_image=args.fetch_image,
            envoy_image=args.edge.image.reference,
            store=args.store,
            access=args.access,
            digest=args.digest,
            histories=_url(histories),
            config_map=self._config_map(),
            node_selector=args.node_selector,
        )
        rollout = pulumi.CustomTimeouts(create=f"{ROLLOUT_SECONDS}s", update=f"{ROLLOUT_SECONDS}s")
        return kubernetes.apps.v1.StatefulSet(
            self._name,
            metadata=self._here(),
            spec={
                # No `replicas`: the autoscaler owns it.
                "service_name": NAME,
                "selector": {"match_labels": LABELS},
                # They do not wait for each other, so that a bad rollout is undone by its revert.
                "pod_management_policy": "Parallel",
                "revision_history_limit": 3,
                "template": {
                    "metadata": {"labels": LABELS, "annotations": {"rialto.shop/release": args.digest}},
                    "spec": pod_spec(pod),
                },
                "volume_claim_templates": [volume_claim(AUDIT_VOLUME, storage_class, args.gateway.audit_gib)],
            },
            opts=pulumi.ResourceOptions(
                parent=self, depends_on=[*before, histories], custom_timeouts=rollout
            ),
        )

    def _around(self) -> None:
        """Declare what keeps enough pods there, and who scrapes them."""
        name, inside = self._name, self._inside
        disruption_budget(name, self._here(), LABELS, inside)
        cores_autoscaler(name, self._here(), "StatefulSet", NAME, NAME, self._args.gateway, inside)
        endpoints = [{"port": "http"}, {"port": "status", "path": "/stats/prometheus"}]
        pod_monitor(name, self._here(), LABELS, endpoints, inside)


def _url(histories: HistoryStore) -> pulumi.Output[str]:
    """Known when the store answers; both sides show certificates, so there is no password in it."""
    files = {"ssl_ca_certs": "ca.crt", "ssl_certfile": "tls.crt", "ssl_keyfile": "tls.key"}
    query = "&".join(f"{key}={CERTIFICATES}/{file}" for key, file in files.items())
    return histories.ready.apply(lambda _: f"rediss://{histories.host}:{histories.port}?{query}")
