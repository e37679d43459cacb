"""Names and tags that several components share; pure functions and constants."""

from __future__ import annotations

__all__ = [
    "ALERTMANAGER_ACCOUNT",
    "CODE_PREFIX",
    "COLLECTOR_ACCOUNT",
    "LOGS_NAMESPACE",
    "MONITORING_NAMESPACE",
    "NAMESPACE",
    "TRAINING_ACCOUNT",
    "TRITON_ACCOUNT",
    "release_prefix",
    "tags",
]

# The Kubernetes namespaces on both clusters, and the service accounts in them that cloud identities are bound to.
NAMESPACE = "rialto"
TRITON_ACCOUNT = "triton"
TRAINING_ACCOUNT = "training"
MONITORING_NAMESPACE = "monitoring"
ALERTMANAGER_ACCOUNT = "alertmanager"
LOGS_NAMESPACE = "logs"
COLLECTOR_ACCOUNT = "collector"
# Bundles of training code lie there in AWS's bucket, keyed by their digest, beside the data sets.
CODE_PREFIX = "code"


def tags(*, owner: str, stack: str) -> dict[str, str]:
    """What every resource that can carry tags carries."""
    return {"project": "rialto", "environment": stack, "owner": owner, "managed-by": "pulumi"}


def release_prefix(digest: str) -> str:
    """Where a release lies in its store, as `serving.publish` writes it: `sha256/<hex>`."""
    return digest.replace(":", "/", 1)
