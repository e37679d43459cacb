"""The gateway's pod: a step that brings the release, the domain API, and an Envoy beside it that asks Triton."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as kubernetes

from infra.inference.certificate import certificate_volume
from infra.inference.edge_pod import INSIDE_PORT, envoy
from infra.inference.placement import spread
from infra.inference.pod_security import CONTAINER_SECURITY, unprivileged
from infra.inference.probe import at, probed
from infra.inference.store_access import StoreAccess, store_environment, store_mounts, store_volumes
from infra.inference.triton import PRIORITY_CLASS
from infra.settings.gateway import GatewaySettings

__all__ = [
    "AUDIT_VOLUME",
    "CERTIFICATE",
    "CERTIFICATES",
    "KEY_FILE",
    "KEY_SECRET",
    "LABELS",
    "NAME",
    "PORTS",
    "SIDECAR_MIB",
    "STORE_SECRET",
    "GatewayPodArgs",
    "pod_spec",
]

NAME = "gateway"
LABELS = {
    "app.kubernetes.io/name": NAME,
    "app.kubernetes.io/part-of": "rialto",
    "rialto.shop/calls": "triton",
}
PORTS = {"http": 8080, "status": 8445}
CERTIFICATE = "gateway-client"
CERTIFICATES = f"/etc/edge/certificates/{CERTIFICATE}"
STORE_SECRET = "gateway-store"
KEY_SECRET = "gateway-pseudonym-key"
KEY_FILE = "pseudonym.key"
KEYS = "/var/run/keys"
# Only its owner reads it, and the pod's group.
KEY_MODE = 0o440
RELEASE = "/release"
STATE = "/var/lib/gateway"
AUDIT_VOLUME = "audit"

SIDECAR_CORES = 1
SIDECAR_MIB = 256
# One process on one core; what Envoy and the step need comes on top.
CORES = "1"
# The edge hears of an ending pod from DNS and from failing checks; until then it still sends requests.
DRAIN_SECONDS = 10
KILL_SECONDS = DRAIN_SECONDS + 15
# The catalogue's index of words is built first: seconds, on a busy node a minute.
START_SECONDS = 120
RELEASE_SIZE = "4Gi"


@dataclass(frozen=True, kw_only=True)
class GatewayPodArgs:
    """What gateway pods are made from; `histories` is the store's URL."""

    gateway: GatewaySettings
    fetch_image: pulumi.Input[str]
    envoy_image: pulumi.Input[str]
    store: pulumi.Input[str]
    access: StoreAccess
    digest: str
    histories: pulumi.Input[str]
    config_map: pulumi.Input[str]
    node_selector: Mapping[str, str]


def pod_spec(args: GatewayPodArgs) -> kubernetes.core.v1.PodSpecArgsDict:
    """The pod."""
    return unprivileged(
        NAME,
        {
            "priority_class_name": PRIORITY_CLASS,
            "termination_grace_period_seconds": KILL_SECONDS,
            "node_selector": args.node_selector,
            "topology_spread_constraints": spread(LABELS, "controller-revision-hash"),
            "init_containers": [_fetch(args)],
            "containers": [
                _gateway(args),
                envoy(
                    args.envoy_image, SIDECAR_CORES, SIDECAR_MIB, [CERTIFICATE], {"status": PORTS["status"]}
                ),
            ],
            "volumes": [
                {"name": "release", "empty_dir": {"size_limit": RELEASE_SIZE}},
                {"name": "temporary", "empty_dir": {"size_limit": "64Mi"}},
                {"name": "config", "config_map": {"name": args.config_map}},
                {"name": "scratch", "empty_dir": {"size_limit": "16Mi"}},
                {"name": "key", "secret": {"secret_name": KEY_SECRET, "default_mode": KEY_MODE}},
                certificate_volume(CERTIFICATE),
                *store_volumes(args.access, STORE_SECRET),
            ],
        },
    )


def _fetch(args: GatewayPodArgs) -> kubernetes.core.v1.ContainerArgsDict:
    return {
        "name": "fetch",
        "image": args.fetch_image,
        "args": ["serving.fetch_release", args.store, args.digest, RELEASE],
        "env": store_environment(args.access),
        "security_context": CONTAINER_SECURITY,
        "resources": {"requests": {"cpu": "250m", "memory": "256Mi"}, "limits": {"memory": "512Mi"}},
        "volume_mounts": [
            {"name": "release", "mount_path": RELEASE},
            {"name": "temporary", "mount_path": "/tmp"},
            *store_mounts(args.access),
        ],
    }


def _gateway(args: GatewayPodArgs) -> kubernetes.core.v1.ContainerArgsDict:
    memory = {"memory": f"{args.gateway.memory_mib}Mi"}
    return probed(
        {
            "name": NAME,
            "image": args.gateway.image.reference,
            "args": [
                # A pod's own address is not known before it is there; the network policy lets the edge in only.
                "--address=0.0.0.0",
                f"--port={PORTS['http']}",
                f"--triton=127.0.0.1:{INSIDE_PORT}",
                f"--release={RELEASE}/release",
                f"--state={STATE}",
                pulumi.Output.concat("--histories=", args.histories),
                f"--pseudonym-key={KEYS}/{KEY_FILE}",
            ],
            "ports": [{"name": "http", "container_port": PORTS["http"]}],
            "security_context": CONTAINER_SECURITY,
            # No limit on cores: a throttled gateway answers late while cores are idle.
            "resources": {"requests": {"cpu": CORES, **memory}, "limits": memory},
            "lifecycle": {"pre_stop": {"sleep": {"seconds": DRAIN_SECONDS}}},
            "volume_mounts": [
                {"name": "release", "mount_path": RELEASE, "read_only": True},
                {"name": "temporary", "mount_path": "/tmp"},
                {"name": AUDIT_VOLUME, "mount_path": STATE},
                {"name": "key", "mount_path": KEYS, "read_only": True},
                {"name": CERTIFICATE, "mount_path": CERTIFICATES, "read_only": True},
            ],
        },
        ready=at("http", "/healthz"),
        alive=at("http", "/healthz/live"),
        start_seconds=START_SECONDS,
    )
