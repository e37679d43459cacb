"""How the program reaches a cluster that it declares."""

from __future__ import annotations

import pulumi
import pulumi_kubernetes as kubernetes

__all__ = ["in_cluster"]


def in_cluster(name: str, kubeconfig: pulumi.Input[str], *before: pulumi.Resource) -> pulumi.ResourceOptions:
    """Options for what runs in a cluster: a provider of its own, which waits for `before`."""
    provider = kubernetes.Provider(
        name, kubeconfig=kubeconfig, opts=pulumi.ResourceOptions(depends_on=list(before))
    )
    return pulumi.ResourceOptions(providers=[provider])
