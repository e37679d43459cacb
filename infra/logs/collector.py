"""Fluent Bit on every node: it reads what containers write and sends it to where this cluster's logs are kept."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from infra.inference.network_policy import to_names
from infra.inference.pod_security import CONTAINER_SECURITY
from infra.inference.probe import at, probed
from infra.inference.workload import config_map, service_account
from infra.logs.outlet import LogOutlet
from infra.naming import COLLECTOR_ACCOUNT

__all__ = ["Collector", "CollectorArgs", "configuration"]

LABELS = {"app.kubernetes.io/name": COLLECTOR_ACCOUNT, "app.kubernetes.io/part-of": "rialto"}
FILE = "fluent-bit.yaml"
CONFIG = "/etc/collector"
# The kubelet links every container's file there; the links lead to /var/log/pods.
SOURCE = "/var/log"
# How far each file was read, and lines that could not be sent yet: a new pod goes on there.
STATE = "/var/lib/rialto-logs"
WAITING = "1G"
PORT = 2020
START_SECONDS = 60
# <pod>_<namespace>_<container>-<id>.log
NAME = r"^/var/log/containers/(?<pod>[^_]+)_(?<namespace>[^_]+)_(?<container>.+)-[0-9a-f]{64}\.log$"


@dataclass(frozen=True, kw_only=True)
class CollectorArgs:
    """The image as this cluster pulls it, the namespace of its own, and where lines go."""

    image: pulumi.Input[str]
    namespace: pulumi.Input[str]
    outlet: LogOutlet


class Collector(pulumi.ComponentResource):
    """A pod on each node, GPU nodes too. It asks neither the API server nor the kubelet: file names say enough."""

    def __init__(self, name: str, args: CollectorArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("rialto:logs:Collector", name, None, opts)
        inside = pulumi.ResourceOptions(parent=self)
        here: kubernetes.meta.v1.ObjectMetaArgsDict = {
            "name": COLLECTOR_ACCOUNT,
            "namespace": args.namespace,
            "labels": LABELS,
        }
        account = service_account(name, here, inside)
        config = config_map(name, here, COLLECTOR_ACCOUNT, {FILE: _file(args.outlet)}, inside)
        policy = kubernetes.networking.v1.NetworkPolicy(
            name,
            metadata=here,
            spec={
                "pod_selector": {"match_labels": LABELS},
                "policy_types": ["Ingress", "Egress"],
                "egress": [to_names(), *args.outlet.egress],
            },
            opts=inside,
        )
        kubernetes.apps.v1.DaemonSet(
            name,
            metadata=here,
            spec={
                "selector": {"match_labels": LABELS},
                "update_strategy": {"type": "RollingUpdate", "rolling_update": {"max_unavailable": 1}},
                "template": {"metadata": {"labels": LABELS}, "spec": _pod(args.image, config)},
            },
            opts=pulumi.ResourceOptions(parent=self, depends_on=[account, policy]),
        )
        self.register_outputs({})


def configuration(outlet: LogOutlet) -> dict[str, Any]:
    """What Fluent Bit is told (https://docs.fluentbit.io/manual/administration/configuring-fluent-bit/yaml)."""
    return {
        "service": {
            "log_level": "warn",
            "http_server": "on",
            "http_port": PORT,
            "health_check": "on",
            "storage.path": f"{STATE}/waiting",
        },
        "parsers": [{"name": "container", "format": "regex", "regex": NAME}],
        "pipeline": {
            "inputs": [
                {
                    "name": "tail",
                    "path": f"{SOURCE}/containers/*.log",
                    # Its own complaints of the store would follow each other for ever.
                    "exclude_path": f"{SOURCE}/containers/{COLLECTOR_ACCOUNT}-*.log",
                    "path_key": "file",
                    "multiline.parser": "cri",
                    "tag": "pods",
                    "db": f"{STATE}/read.db",
                    "skip_long_lines": "on",
                    "storage.type": "filesystem",
                }
            ],
            "filters": [
                {
                    "name": "parser",
                    "match": "pods",
                    "key_name": "file",
                    "parser": "container",
                    "reserve_data": "on",
                }
            ],
            "outputs": [
                {
                    **outlet.output,
                    "match": "pods",
                    # What cannot be sent waits; beyond this, what is oldest goes.
                    "retry_limit": "no_limits",
                    "storage.total_limit_size": WAITING,
                }
            ],
        },
    }


def _file(outlet: LogOutlet) -> str:
    # JSON is YAML.
    return json.dumps(configuration(outlet), indent=2, sort_keys=True)


def _pod(image: pulumi.Input[str], config: pulumi.Output[str]) -> kubernetes.core.v1.PodSpecArgsDict:
    container: kubernetes.core.v1.ContainerArgsDict = {
        "name": "fluent-bit",
        "image": image,
        "args": ["--config", f"{CONFIG}/{FILE}"],
        "ports": [{"name": "health", "container_port": PORT}],
        "security_context": CONTAINER_SECURITY,
        "resources": {"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"memory": "256Mi"}},
        "volume_mounts": [
            {"name": "config", "mount_path": CONFIG, "read_only": True},
            {"name": "source", "mount_path": SOURCE, "read_only": True},
            {"name": "state", "mount_path": STATE},
        ],
    }
    return {
        "service_account_name": COLLECTOR_ACCOUNT,
        "automount_service_account_token": False,
        "enable_service_links": False,
        "priority_class_name": "system-node-critical",
        # Logs are root's; it keeps no other right of root.
        "security_context": {"run_as_user": 0, "seccomp_profile": {"type": "RuntimeDefault"}},
        # Whatever a node is for, what runs there is heard.
        "tolerations": [{"operator": "Exists"}],
        "containers": [
            probed(
                container,
                ready=at("health", "/api/v1/health"),
                alive=at("health", "/"),
                start_seconds=START_SECONDS,
            )
        ],
        "volumes": [
            {"name": "config", "config_map": {"name": config}},
            {"name": "source", "host_path": {"path": SOURCE, "type": "Directory"}},
            {"name": "state", "host_path": {"path": STATE, "type": "DirectoryOrCreate"}},
        ],
    }
