"""Triton's pod: a step that proves the release and lays it out, then the server that answers with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as kubernetes

from infra.inference.certificate import certificate_volume
from infra.inference.placement import spread
from infra.inference.pod_security import CONTAINER_SECURITY, unprivileged
from infra.inference.probe import at, probed
from infra.inference.store_access import StoreAccess, store_environment, store_mounts, store_volumes
from infra.naming import TRITON_ACCOUNT
from infra.scheduling import CAPACITY_LABEL, GPU_RESOURCE, GPU_TAINT_KEY, GPU_TAINT_VALUE
from infra.settings.inference import ReplicaSettings

__all__ = ["CERTIFICATE", "LABELS", "PORTS", "PRIORITY_CLASS", "STORE_SECRET", "PodArgs", "pod_spec"]

LABELS = {"app.kubernetes.io/name": "triton", "app.kubernetes.io/part-of": "rialto"}
PORTS = {"http": 8000, "grpc": 8001, "metrics": 8002}
PRIORITY_CLASS = "rialto-serving"
STORE_SECRET = "triton-store"
CERTIFICATE = "triton-certificate"
CERTIFICATES = "/var/run/certificates"
REPOSITORY = "/models"

# The edge hears of an ending pod from DNS and from failing readiness; until then it still sends requests.
DRAIN_SECONDS = 20
# Then Triton takes none, and has this long for those it has: forty times the slowest one allowed.
EXIT_SECONDS = 8
KILL_SECONDS = DRAIN_SECONDS + EXIT_SECONDS + 7
# CUDA, the graphs and the warm-up of both models; on a node whose disk is cold.
START_SECONDS = 300
# The release is some ten or hundred MiB; the file system of the node holds it, not its memory.
REPOSITORY_SIZE = "4Gi"
SCRATCH_SIZE = "4Gi"


@dataclass(frozen=True, kw_only=True)
class PodArgs:
    """What one cluster's Triton pods are made from."""

    replicas: ReplicaSettings
    triton_image: pulumi.Input[str]
    fetch_image: pulumi.Input[str]
    store: pulumi.Input[str]
    access: StoreAccess
    digest: str
    node_selector: Mapping[str, str]


def pod_spec(args: PodArgs) -> kubernetes.core.v1.PodSpecArgsDict:
    """The pod."""
    spec: kubernetes.core.v1.PodSpecArgsDict = unprivileged(
        TRITON_ACCOUNT,
        {
            "priority_class_name": PRIORITY_CLASS,
            "termination_grace_period_seconds": KILL_SECONDS,
            "node_selector": args.node_selector,
            "topology_spread_constraints": spread(LABELS),
            "init_containers": [_fetch(args)],
            "containers": [_triton(args)],
            "volumes": [
                {"name": "models", "empty_dir": {"size_limit": REPOSITORY_SIZE}},
                {"name": "scratch", "empty_dir": {"size_limit": SCRATCH_SIZE}},
                certificate_volume(CERTIFICATE),
                *store_volumes(args.access, STORE_SECRET),
            ],
        },
    )
    if args.replicas.device == "gpu":
        spec["tolerations"] = [
            {"key": GPU_TAINT_KEY, "operator": "Equal", "value": GPU_TAINT_VALUE, "effect": "NoSchedule"}
        ]
        spec["affinity"] = {"node_affinity": _on_demand_first()}
    return spec


def _on_demand_first() -> kubernetes.core.v1.NodeAffinityArgsDict:
    """The base is on capacity that stays; what can be taken away is for the rest."""
    return {
        "preferred_during_scheduling_ignored_during_execution": [
            {
                "weight": 100,
                "preference": {
                    "match_expressions": [
                        {"key": CAPACITY_LABEL, "operator": "In", "values": ["on-demand"]},
                    ]
                },
            }
        ]
    }


def _fetch(args: PodArgs) -> kubernetes.core.v1.ContainerArgsDict:
    replicas = args.replicas
    return {
        "name": "fetch",
        "image": args.fetch_image,
        "args": [
            "serving.fetch",
            args.store,
            args.digest,
            REPOSITORY,
            f"--device={replicas.device}",
            f"--instances={replicas.instances}",
            f"--threads={replicas.threads}",
        ],
        "env": store_environment(args.access),
        "security_context": CONTAINER_SECURITY,
        "resources": {"requests": {"cpu": "250m", "memory": "256Mi"}, "limits": {"memory": "512Mi"}},
        "volume_mounts": [
            {"name": "models", "mount_path": REPOSITORY},
            {"name": "scratch", "mount_path": "/tmp"},
            *store_mounts(args.access),
        ],
    }


def _triton(args: PodArgs) -> kubernetes.core.v1.ContainerArgsDict:
    memory = f"{args.replicas.memory_mib}Mi"
    limits = {"memory": memory, **({GPU_RESOURCE: "1"} if args.replicas.device == "gpu" else {})}
    return probed(
        {
            "name": "triton",
            "image": args.triton_image,
            # As arguments, so that the image's own entry point still looks for the driver.
            "args": _command(),
            "ports": [{"name": name, "container_port": port} for name, port in PORTS.items()],
            "security_context": CONTAINER_SECURITY,
            # No limit on cores: a throttled pod answers late while cores are idle.
            "resources": {"requests": {"cpu": str(args.replicas.cores), **limits}, "limits": limits},
            "lifecycle": {"pre_stop": {"sleep": {"seconds": DRAIN_SECONDS}}},
            "volume_mounts": [
                {"name": "models", "mount_path": REPOSITORY, "read_only": True},
                {"name": "scratch", "mount_path": "/tmp"},
                {"name": CERTIFICATE, "mount_path": CERTIFICATES, "read_only": True},
            ],
        },
        ready=at("http", "/v2/health/ready"),
        alive=at("http", "/v2/health/live"),
        start_seconds=START_SECONDS,
    )


def _command() -> list[str]:
    # https://docs.nvidia.com/deeplearning/triton-inference-server/user-guide/docs/customization_guide/deploy.html
    return [
        "tritonserver",
        f"--model-repository={REPOSITORY}",
        # The release is what the stack file says: nothing is loaded, unloaded or guessed at run time.
        "--model-control-mode=none",
        "--disable-auto-complete-config",
        "--strict-readiness=true",
        "--exit-on-error=true",
        f"--exit-timeout-secs={EXIT_SECONDS}",
        f"--http-port={PORTS['http']}",
        f"--grpc-port={PORTS['grpc']}",
        f"--metrics-port={PORTS['metrics']}",
        "--metrics-config=summary_latencies=true",
        # gRPC answers the edge only; HTTP knows no TLS, and the network policy keeps others out of both.
        "--grpc-use-ssl=true",
        "--grpc-use-ssl-mutual=true",
        f"--grpc-server-cert={CERTIFICATES}/tls.crt",
        f"--grpc-server-key={CERTIFICATES}/tls.key",
        f"--grpc-root-cert={CERTIFICATES}/ca.crt",
        "--allow-sagemaker=false",
        "--allow-vertex-ai=false",
    ]
