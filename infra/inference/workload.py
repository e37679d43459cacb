"""What a workload of ours has beside its pods: account, name, files, budget of disruptions, and who scrapes it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence

import pulumi
import pulumi_kubernetes as kubernetes

__all__ = ["config_map", "disruption_budget", "headless_service", "pod_monitor", "service_account"]

SCRAPE_INTERVAL = "15s"
Metadata = kubernetes.meta.v1.ObjectMetaArgsDict


def service_account(
    name: str, metadata: Metadata, opts: pulumi.ResourceOptions
) -> kubernetes.core.v1.ServiceAccount:
    """Declare an account whose token no pod gets: none of ours calls the API server."""
    return kubernetes.core.v1.ServiceAccount(
        name, metadata=metadata, automount_service_account_token=False, opts=opts
    )


def headless_service(
    name: str,
    metadata: Metadata,
    labels: Mapping[str, str],
    ports: Mapping[str, int],
    opts: pulumi.ResourceOptions,
) -> kubernetes.core.v1.Service:
    """Declare a name without an address of its own, for ports by the names that pods call them.

    DNS names every pod, and Envoy balances each request over them, which one address would do for connections only.
    It is there before its pods, so nothing waits for them.
    """
    return kubernetes.core.v1.Service(
        name,
        metadata={**metadata, "annotations": {"pulumi.com/skipAwait": "true"}},
        spec={
            "cluster_ip": "None",
            "selector": labels,
            "ports": [{"name": key, "port": port, "target_port": key} for key, port in ports.items()],
        },
        opts=opts,
    )


def config_map(
    name: str, metadata: Metadata, prefix: str, files: Mapping[str, str], opts: pulumi.ResourceOptions
) -> pulumi.Output[str]:
    """Declare files for pods, and return the name under which they are there: `prefix` and a digest of them.

    A name for each content: pods of before keep what they began with, and a bad one stops at the first new pod.
    """
    digest = hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()[:12]
    made = kubernetes.core.v1.ConfigMap(
        name, metadata={**metadata, "name": f"{prefix}-{digest}"}, data=files, immutable=True, opts=opts
    )
    return made.metadata.apply(lambda metadata: str(metadata.name))


def disruption_budget(
    name: str, metadata: Metadata, labels: Mapping[str, str], opts: pulumi.ResourceOptions
) -> kubernetes.policy.v1.PodDisruptionBudget:
    """Declare that one pod may be moved at a time; one that never becomes ready does not keep its node from a drain."""
    return kubernetes.policy.v1.PodDisruptionBudget(
        name,
        metadata=metadata,
        spec={
            "max_unavailable": 1,
            "selector": {"match_labels": labels},
            "unhealthy_pod_eviction_policy": "AlwaysAllow",
        },
        opts=opts,
    )


def pod_monitor(
    name: str,
    metadata: Metadata,
    labels: Mapping[str, str],
    endpoints: Sequence[Mapping[str, str]],
    opts: pulumi.ResourceOptions,
) -> kubernetes.apiextensions.CustomResource:
    """Declare that Prometheus scrapes the pods; an endpoint has its `port` by name, and a `path` if not /metrics."""
    return kubernetes.apiextensions.CustomResource(
        name,
        api_version="monitoring.coreos.com/v1",
        kind="PodMonitor",
        metadata=metadata,
        spec={
            "selector": {"matchLabels": labels},
            "podMetricsEndpoints": [{**each, "interval": SCRAPE_INTERVAL} for each in endpoints],
        },
        opts=opts,
    )
