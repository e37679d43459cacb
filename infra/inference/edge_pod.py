"""The edge's pod: Envoy with a configuration from the same functions as on a laptop."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import pulumi
import pulumi_kubernetes as kubernetes

from infra.inference.certificate import certificate_volume
from infra.inference.placement import spread
from infra.inference.pod_security import CONTAINER_SECURITY, unprivileged
from infra.inference.probe import at, probed
from infra.inference.triton import PRIORITY_CLASS
from infra.settings.edge import EdgeReplicaSettings, EdgeSettings
from serving.edge.bootstrap import BOOTSTRAP, files
from serving.edge.config import EdgeConfig, GatewayUpstream, LimitConfig, TokenConfig, TritonUpstream

__all__ = [
    "CLIENT_CERTIFICATE",
    "INSIDE_PORT",
    "LABELS",
    "NAME",
    "PORTS",
    "SERVER_CERTIFICATE",
    "EdgePodArgs",
    "edge_files",
    "envoy",
    "pod_spec",
    "sidecar_files",
]

NAME = "edge"
LABELS = {
    "app.kubernetes.io/name": NAME,
    "app.kubernetes.io/part-of": "rialto",
    "rialto.shop/calls": "triton",
}
PORTS = {"https": 8443, "status": 8445}
# For a gateway in the same pod; on loopback, so no port of the pod.
INSIDE_PORT = 8444
SERVER_CERTIFICATE = "edge-server"
CLIENT_CERTIFICATE = "edge-client"
CONFIG = "/etc/edge/config"
CERTIFICATES = "/etc/edge/certificates"
SCRATCH = "/tmp"

# The load balancer hears of an ending pod from its controller; until then it sends callers.
DRAIN_SECONDS = 20
KILL_SECONDS = DRAIN_SECONDS + 10
START_SECONDS = 60
# What is left of a pod's memory is for connections' own buffers and the program.
HEAP_SHARE = 0.75
# A pod's own address is not known before it is there.
EVERYWHERE = "0.0.0.0"


@dataclass(frozen=True, kw_only=True)
class EdgePodArgs:
    """What one cluster's edge pods are made from."""

    image: pulumi.Input[str]
    replicas: EdgeReplicaSettings
    config_map: pulumi.Input[str]
    node_selector: dict[str, str]


def edge_files(
    settings: EdgeSettings,
    replicas: EdgeReplicaSettings,
    tritons: Sequence[TritonUpstream],
    gateway: GatewayUpstream | None = None,
) -> dict[str, str]:
    """The files of the ConfigMap."""
    config = _config(settings, CLIENT_CERTIFICATE, replicas.memory_mib, tritons)
    return _texts(replace(config, gateway=gateway))


def sidecar_files(
    settings: EdgeSettings, certificate: str, memory_mib: int, tritons: Sequence[TritonUpstream]
) -> dict[str, str]:
    """The same for an Envoy that only the gateway in its pod calls; it shows Triton the `certificate`."""
    return _texts(replace(_config(settings, certificate, memory_mib, tritons), outside=False))


def _config(
    settings: EdgeSettings, certificate: str, memory_mib: int, tritons: Sequence[TritonUpstream]
) -> EdgeConfig:
    return EdgeConfig(
        folder=CONFIG,
        address=EVERYWHERE,
        port=PORTS["https"],
        inside_port=INSIDE_PORT,
        metrics_address=EVERYWHERE,
        metrics_port=PORTS["status"],
        admin_socket=f"{SCRATCH}/admin.sock",
        certificates=f"{CERTIFICATES}/{SERVER_CERTIFICATE}",
        client_certificates=f"{CERTIFICATES}/{certificate}",
        access_log="/dev/stdout",
        tokens=TokenConfig(
            issuer=settings.tokens.issuer, audience=settings.tokens.audience, jwks=settings.tokens.jwks()
        ),
        tritons=tritons,
        limits=LimitConfig(heap_bytes=int(HEAP_SHARE * memory_mib) << 20),
    )


def _texts(config: EdgeConfig) -> dict[str, str]:
    return {name: json.dumps(file) for name, file in files(config).items()}


def pod_spec(args: EdgePodArgs) -> kubernetes.core.v1.PodSpecArgsDict:
    """The pod."""
    return unprivileged(
        NAME,
        {
            "priority_class_name": PRIORITY_CLASS,
            "termination_grace_period_seconds": KILL_SECONDS,
            "node_selector": args.node_selector,
            "topology_spread_constraints": spread(LABELS),
            "containers": [
                envoy(
                    args.image,
                    args.replicas.cores,
                    args.replicas.memory_mib,
                    [SERVER_CERTIFICATE, CLIENT_CERTIFICATE],
                    PORTS,
                )
            ],
            "volumes": [
                {"name": "config", "config_map": {"name": args.config_map}},
                {"name": "scratch", "empty_dir": {"size_limit": "16Mi"}},
                certificate_volume(SERVER_CERTIFICATE),
                certificate_volume(CLIENT_CERTIFICATE),
            ],
        },
    )


def envoy(
    image: pulumi.Input[str],
    cores: int,
    memory_mib: int,
    certificates: Sequence[str],
    ports: Mapping[str, int],
) -> kubernetes.core.v1.ContainerArgsDict:
    """The container; its pod has the volumes `config` and `scratch`, and one for each of the certificates."""
    memory = {"memory": f"{memory_mib}Mi"}
    mounts: list[kubernetes.core.v1.VolumeMountArgsDict] = [
        {"name": "config", "mount_path": CONFIG, "read_only": True},
        {"name": "scratch", "mount_path": SCRATCH},
    ]
    mounts += [
        {"name": name, "mount_path": f"{CERTIFICATES}/{name}", "read_only": True} for name in certificates
    ]
    return probed(
        {
            "name": "envoy",
            "image": image,
            "command": ["/usr/local/bin/envoy"],
            "args": [
                "--config-path",
                f"{CONFIG}/{BOOTSTRAP}",
                "--disable-hot-restart",
                "--concurrency",
                str(cores),
                "--log-level",
                "warning",
            ],
            "ports": [{"name": name, "container_port": port} for name, port in ports.items()],
            "security_context": CONTAINER_SECURITY,
            # No limit on cores: a throttled edge answers late while cores are idle.
            "resources": {"requests": {"cpu": str(cores), **memory}, "limits": memory},
            "lifecycle": {"pre_stop": {"sleep": {"seconds": DRAIN_SECONDS}}},
            "volume_mounts": mounts,
        },
        ready=at("status", "/ready"),
        alive=at("status", "/ready"),
        start_seconds=START_SECONDS,
    )
