"""An edge's files: `bootstrap.json`, which Envoy starts with, and those that it reads again when they are replaced."""

from __future__ import annotations

from serving.edge.cluster import clusters
from serving.edge.config import EdgeConfig, LimitConfig
from serving.edge.listener import listeners
from serving.edge.secret import secret_files
from serving.edge.wire import Fields, typed

__all__ = ["BOOTSTRAP", "CLUSTERS", "LISTENERS", "PROMISE_MS", "files", "whole"]

BOOTSTRAP = "bootstrap.json"
LISTENERS = "listeners.json"
CLUSTERS = "clusters.json"
ADMIN_MODE = 0o600
# What a shopper is promised; Envoy's own buckets go from 100 to 250.
PROMISE_MS = 150
TIME_BUCKETS_MS = (1, 2, 5, 10, 25, 50, 100, PROMISE_MS, 200, 500, 1000, 3000)

# Of the heap: first nothing new, then connections that rest are closed, then the largest requests go.
ACTIONS = {
    "envoy.overload_actions.shrink_heap": 0.9,
    "envoy.overload_actions.disable_http_keepalive": 0.92,
    "envoy.overload_actions.stop_accepting_requests": 0.95,
    "envoy.overload_actions.stop_accepting_connections": 0.98,
}
HEAP = "envoy.resource_monitors.fixed_heap"
CONNECTIONS = "envoy.resource_monitors.global_downstream_max_connections"


def files(config: EdgeConfig) -> dict[str, Fields]:
    """Every file of `config.folder` by its name."""
    return {
        BOOTSTRAP: _bootstrap(config),
        LISTENERS: _resources("envoy.config.listener.v3.Listener", listeners(config)),
        CLUSTERS: _resources("envoy.config.cluster.v3.Cluster", clusters(config)),
        **secret_files(config),
    }


def whole(config: EdgeConfig) -> Fields:
    """All in one, as `envoy --mode validate` wants it, which reads no file that could be replaced."""
    static = {"listeners": listeners(config), "clusters": clusters(config)}
    return {**_outermost(config), "static_resources": static}


def _resources(kind: str, found: list[Fields]) -> Fields:
    return {"resources": [typed(kind, **each) for each in found]}


def _bootstrap(config: EdgeConfig) -> Fields:
    replaced = {"lds_config": _replaced(config, LISTENERS), "cds_config": _replaced(config, CLUSTERS)}
    return {**_outermost(config), "dynamic_resources": replaced}


def _outermost(config: EdgeConfig) -> Fields:
    return {
        "node": {"id": "edge", "cluster": "edge"},
        "admin": {"address": {"pipe": {"path": config.admin_socket, "mode": ADMIN_MODE}}},
        "overload_manager": _overload(config.limits),
        "stats_config": {
            "histogram_bucket_settings": [
                {"match": {"suffix": "downstream_rq_time"}, "buckets": TIME_BUCKETS_MS}
            ]
        },
    }


def _replaced(config: EdgeConfig, name: str) -> Fields:
    source = {"path": f"{config.folder}/{name}", "watched_directory": {"path": config.folder}}
    return {"path_config_source": source, "resource_api_version": "V3"}


def _overload(limits: LimitConfig) -> Fields:
    heap = typed(
        "envoy.extensions.resource_monitors.fixed_heap.v3.FixedHeapConfig",
        max_heap_size_bytes=limits.heap_bytes,
    )
    connections = typed(
        "envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig",
        max_active_downstream_connections=limits.connections,
    )
    return {
        "refresh_interval": "0.25s",
        "resource_monitors": [
            {"name": HEAP, "typed_config": heap},
            {"name": CONNECTIONS, "typed_config": connections},
        ],
        "actions": [
            {"name": action, "triggers": [{"name": HEAP, "threshold": {"value": share}}]}
            for action, share in ACTIONS.items()
        ],
    }
