"""The histories of the private cloud: one Valkey on an encrypted volume, that only gateways reach."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as kubernetes

from infra.inference.certificate import certificate, certificate_volume
from infra.inference.pod_security import CONTAINER_SECURITY, unprivileged
from infra.inference.probe import probed
from infra.inference.triton import PRIORITY_CLASS
from infra.inference.workload import config_map, headless_service, service_account
from infra.naming import NAMESPACE
from infra.settings.edge import IssuerRef
from infra.settings.gateway import HistoryStoreSettings

__all__ = ["LABELS", "HistoryStore", "HistoryStoreArgs", "settings_file", "volume_claim"]

NAME = "histories"
LABELS = {"app.kubernetes.io/name": NAME, "app.kubernetes.io/part-of": "rialto"}
PORT = 6379
CERTIFICATE = "histories-certificate"
CERTIFICATES = "/var/run/certificates"
CONFIG = "/etc/valkey"
FILE = "valkey.conf"
DATA = "/data"
# The rest is for connections, and for what changes while the log is written anew.
MEMORY_SHARE = 0.75
# It reads its whole log first: a minute for some ten GiB.
START_SECONDS = 300
KILL_SECONDS = 60


@dataclass(frozen=True, kw_only=True)
class HistoryStoreArgs:
    """Its sizes, and what the cluster adds; `clients` are the labels of the pods that may call it."""

    histories: HistoryStoreSettings
    namespace: pulumi.Input[str]
    storage_class: pulumi.Input[str]
    issuer: IssuerRef
    node_selector: Mapping[str, str]
    clients: Mapping[str, str]


class HistoryStore(pulumi.ComponentResource):
    """A Valkey that knows its callers by their certificates; `host` and `port` are where it answers."""

    ready: pulumi.Output[str]
    host: str = f"{NAME}.{NAMESPACE}.svc"
    port: int = PORT

    def __init__(self, name: str, args: HistoryStoreArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("rialto:inference:HistoryStore", name, None, opts)
        self._inside = pulumi.ResourceOptions(parent=self)
        self._name, self._args = name, args
        before = self._before()
        config = config_map(name, self._here(), NAME, {FILE: settings_file(args.histories)}, self._inside)
        stateful = kubernetes.apps.v1.StatefulSet(
            name,
            metadata=self._here(),
            spec={
                "replicas": 1,
                "service_name": NAME,
                "selector": {"match_labels": LABELS},
                "template": {
                    "metadata": {"labels": LABELS},
                    "spec": self._pod(config),
                },
                "volume_claim_templates": [
                    volume_claim("data", args.storage_class, args.histories.volume_gib)
                ],
            },
            opts=pulumi.ResourceOptions(parent=self, depends_on=before),
        )
        self.ready = stateful.id.apply(lambda _: NAME)
        self.register_outputs({"ready": self.ready})

    def _here(self, name: str = NAME) -> kubernetes.meta.v1.ObjectMetaArgsDict:
        return {"name": name, "namespace": self._args.namespace, "labels": LABELS}

    def _before(self) -> list[pulumi.Resource]:
        """Declare what must be there before the pod."""
        name, inside = self._name, self._inside
        return [
            service_account(name, self._here(), inside),
            # It answers, and its own probe calls it.
            certificate(
                f"{name}-certificate",
                self._here(CERTIFICATE),
                self._args.issuer,
                [self.host],
                ["server auth", "client auth"],
                inside,
            ),
            kubernetes.networking.v1.NetworkPolicy(
                name,
                metadata=self._here(),
                spec={
                    "pod_selector": {"match_labels": LABELS},
                    "policy_types": ["Ingress", "Egress"],
                    "ingress": [
                        {
                            "from_": [{"pod_selector": {"match_labels": self._args.clients}}],
                            "ports": [{"protocol": "TCP", "port": PORT}],
                        }
                    ],
                },
                opts=inside,
            ),
            headless_service(name, self._here(), LABELS, {"valkey": PORT}, inside),
        ]

    def _pod(self, config: pulumi.Output[str]) -> kubernetes.core.v1.PodSpecArgsDict:
        return unprivileged(
            NAME,
            {
                "priority_class_name": PRIORITY_CLASS,
                "termination_grace_period_seconds": KILL_SECONDS,
                "node_selector": self._args.node_selector,
                "containers": [_valkey(self._args.histories)],
                "volumes": [
                    {"name": "config", "config_map": {"name": config}},
                    certificate_volume(CERTIFICATE),
                ],
            },
        )


def settings_file(histories: HistoryStoreSettings, data: str = DATA, certificates: str = CERTIFICATES) -> str:
    """What Valkey is told (https://valkey.io/topics/valkey.conf/); folders as it sees them."""
    chosen = {
        # TLS only, and only for who shows a certificate of the same authority: there is no password to keep.
        "port": "0",
        "tls-port": str(PORT),
        "tls-cert-file": f"{certificates}/tls.crt",
        "tls-key-file": f"{certificates}/tls.key",
        "tls-ca-cert-file": f"{certificates}/ca.crt",
        "tls-auth-clients": "yes",
        "protected-mode": "no",
        # An event that was answered is on the disk.
        "appendonly": "yes",
        "appendfsync": "always",
        "save": '""',
        "dir": data,
        "maxmemory": f"{int(MEMORY_SHARE * histories.memory_mib)}mb",
        # Nothing is forgotten for something new: the gateway tells the caller to come again.
        "maxmemory-policy": "noeviction",
    }
    return "".join(f"{key} {value}\n" for key, value in chosen.items())


def volume_claim(
    name: str, storage_class: pulumi.Input[str], gib: int
) -> kubernetes.core.v1.PersistentVolumeClaimArgsDict:
    """A volume for each pod, that stays when the pod goes."""
    return {
        "metadata": {"name": name},
        "spec": {
            "access_modes": ["ReadWriteOnce"],
            "storage_class_name": storage_class,
            "resources": {"requests": {"storage": f"{gib}Gi"}},
        },
    }


def _valkey(histories: HistoryStoreSettings) -> kubernetes.core.v1.ContainerArgsDict:
    memory = {"memory": f"{histories.memory_mib}Mi"}
    return probed(
        {
            "name": "valkey",
            "image": histories.image.reference,
            "command": ["valkey-server"],
            "args": [f"{CONFIG}/{FILE}"],
            "ports": [{"name": "valkey", "container_port": PORT}],
            "security_context": CONTAINER_SECURITY,
            "resources": {"requests": {"cpu": "250m", **memory}, "limits": memory},
            "volume_mounts": [
                {"name": "config", "mount_path": CONFIG, "read_only": True},
                {"name": "data", "mount_path": DATA},
                {"name": CERTIFICATE, "mount_path": CERTIFICATES, "read_only": True},
            ],
        },
        ready=_answers(),
        alive=_answers(),
        start_seconds=START_SECONDS,
    )


def _answers() -> kubernetes.core.v1.ProbeArgsDict:
    files = {"cacert": "ca.crt", "cert": "tls.crt", "key": "tls.key"}
    options = [word for key, file in files.items() for word in (f"--{key}", f"{CERTIFICATES}/{file}")]
    # -e: an answer that is an error, as while it loads, is a failure.
    return {"exec_": {"command": ["valkey-cli", "-e", "--tls", *options, "-p", str(PORT), "ping"]}}
