"""NVIDIA's device plugin: one pod on each GPU node, so that other pods can ask for cards. One per cluster."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as kubernetes

from infra.inference.pod_security import namespace_labels
from infra.scheduling import GPU_TAINT_KEY

__all__ = ["DevicePlugin", "DevicePluginArgs"]

NAMESPACE = "nvidia-device-plugin"
LABELS = {"app.kubernetes.io/name": "nvidia-device-plugin"}
# Where kubelet looks for plugins
# (https://kubernetes.io/docs/concepts/extend-kubernetes/compute-storage-net/device-plugins/).
SOCKETS = "/var/lib/kubelet/device-plugins"


@dataclass(frozen=True, kw_only=True)
class DevicePluginArgs:
    """The image as this cluster pulls it, and the labels of its GPU nodes."""

    image: pulumi.Input[str]
    node_selector: Mapping[str, str]


class DevicePlugin(pulumi.ComponentResource):
    """The plugin, in a namespace of its own: it writes to the node, which no other pod of ours may."""

    namespace: pulumi.Output[str]

    def __init__(self, name: str, args: DevicePluginArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("rialto:inference:DevicePlugin", name, None, opts)
        inside = pulumi.ResourceOptions(parent=self)
        namespace = kubernetes.core.v1.Namespace(
            name, metadata={"name": NAMESPACE, "labels": namespace_labels("privileged")}, opts=inside
        )
        self.namespace = namespace.metadata.apply(lambda metadata: str(metadata.name))
        here: kubernetes.meta.v1.ObjectMetaArgsDict = {"name": NAMESPACE, "namespace": self.namespace}
        account = kubernetes.core.v1.ServiceAccount(
            name, metadata=here, automount_service_account_token=False, opts=inside
        )
        kubernetes.apps.v1.DaemonSet(
            name,
            metadata={**here, "labels": LABELS},
            spec={
                "selector": {"match_labels": LABELS},
                "update_strategy": {"type": "RollingUpdate", "rolling_update": {"max_unavailable": 1}},
                "template": {"metadata": {"labels": LABELS}, "spec": _pod(args)},
            },
            opts=pulumi.ResourceOptions(parent=self, depends_on=[account]),
        )
        self.register_outputs({"namespace": self.namespace})


def _pod(args: DevicePluginArgs) -> kubernetes.core.v1.PodSpecArgsDict:
    return {
        "service_account_name": NAMESPACE,
        "automount_service_account_token": False,
        "enable_service_links": False,
        "priority_class_name": "system-node-critical",
        "node_selector": args.node_selector,
        "tolerations": [{"key": GPU_TAINT_KEY, "operator": "Exists", "effect": "NoSchedule"}],
        "containers": [
            {
                "name": "plugin",
                "image": args.image,
                # On a node that was meant to have cards, having none is an error to be seen.
                "env": [{"name": "FAIL_ON_INIT_ERROR", "value": "true"}],
                "security_context": {
                    "allow_privilege_escalation": False,
                    "capabilities": {"drop": ["ALL"]},
                    "read_only_root_filesystem": True,
                    "seccomp_profile": {"type": "RuntimeDefault"},
                },
                "resources": {"requests": {"cpu": "10m", "memory": "64Mi"}, "limits": {"memory": "128Mi"}},
                "volume_mounts": [{"name": "sockets", "mount_path": SOCKETS}],
            }
        ],
        "volumes": [{"name": "sockets", "host_path": {"path": SOCKETS, "type": "Directory"}}],
    }
