"""The pods of the autoscaler."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
import pulumi_kubernetes as kubernetes

from infra.scheduling import POOL_LABEL

__all__ = ["declare_deployment"]

# One leads, the other waits for its lease.
REPLICAS = 2
METRICS_PORT = 8085
# nobody (https://refspecs.linuxfoundation.org/LSB_5.0.0/LSB-Core-generic/LSB-Core-generic/usernames.html)
USER = 65534


def declare_deployment(
    name: str,
    app: str,
    namespace: str,
    *,
    command: Sequence[pulumi.Input[str]],
    image: pulumi.Input[str],
    region: str,
    opts: pulumi.ResourceOptions,
) -> kubernetes.apps.v1.Deployment:
    """Declare the deployment, and the budget that keeps one of its pods running."""
    here: kubernetes.meta.v1.ObjectMetaArgsDict = {
        "name": app,
        "namespace": namespace,
        "labels": {"app": app},
    }
    kubernetes.policy.v1.PodDisruptionBudget(
        name,
        metadata=here,
        spec={"max_unavailable": 1, "selector": {"match_labels": {"app": app}}},
        opts=opts,
    )
    return kubernetes.apps.v1.Deployment(
        name,
        metadata=here,
        spec={
            "replicas": REPLICAS,
            "selector": {"match_labels": {"app": app}},
            "template": {
                "metadata": {"labels": {"app": app}},
                "spec": _pod(app, _container(app, command, image, region)),
            },
        },
        opts=opts,
    )


def _pod(app: str, container: kubernetes.core.v1.ContainerArgsDict) -> kubernetes.core.v1.PodSpecArgsDict:
    return {
        "service_account_name": app,
        # It talks to the API all day.
        "automount_service_account_token": True,
        "priority_class_name": "system-cluster-critical",
        # Not on a node that it may take away.
        "node_selector": {POOL_LABEL: "system"},
        "topology_spread_constraints": [
            {
                "max_skew": 1,
                "topology_key": "topology.kubernetes.io/zone",
                "when_unsatisfiable": "ScheduleAnyway",
                "label_selector": {"match_labels": {"app": app}},
            }
        ],
        "security_context": {
            "run_as_non_root": True,
            "run_as_user": USER,
            "run_as_group": USER,
            "seccomp_profile": {"type": "RuntimeDefault"},
        },
        "containers": [container],
    }


def _container(
    app: str, command: Sequence[pulumi.Input[str]], image: pulumi.Input[str], region: str
) -> kubernetes.core.v1.ContainerArgsDict:
    return {
        "name": app,
        "image": image,
        "command": list(command),
        "env": [{"name": "AWS_REGION", "value": region}],
        "ports": [{"name": "metrics", "container_port": METRICS_PORT}],
        "liveness_probe": {
            "http_get": {"path": "/health-check", "port": METRICS_PORT},
            "initial_delay_seconds": 60,
            "period_seconds": 10,
        },
        # AWS's example asks for 600 MiB; Kubernetes objects, not nodes, make it grow.
        "resources": {"requests": {"cpu": "100m", "memory": "600Mi"}, "limits": {"memory": "600Mi"}},
        "security_context": {
            "allow_privilege_escalation": False,
            "read_only_root_filesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
    }
