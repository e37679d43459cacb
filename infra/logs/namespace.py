"""The namespace of what collects logs: it reads the node's files, which no other pod of ours may."""

from __future__ import annotations

import pulumi
import pulumi_kubernetes as kubernetes

from infra.inference.network_policy import default_deny
from infra.inference.pod_security import namespace_labels
from infra.naming import LOGS_NAMESPACE

__all__ = ["LogNamespace"]


class LogNamespace(pulumi.ComponentResource):
    """Closed, but for what other policies allow."""

    namespace: pulumi.Output[str]

    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("rialto:logs:LogNamespace", name, None, opts)
        inside = pulumi.ResourceOptions(parent=self)
        made = kubernetes.core.v1.Namespace(
            name, metadata={"name": LOGS_NAMESPACE, "labels": namespace_labels("privileged")}, opts=inside
        )
        self.namespace = made.metadata.apply(lambda metadata: str(metadata.name))
        default_deny(f"{name}-default-deny", self.namespace, inside)
        self.register_outputs({"namespace": self.namespace})
