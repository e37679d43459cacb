"""What pods may do, the same for every pod of ours: Pod Security's `restricted`, and a root that cannot be written."""

from __future__ import annotations

from typing import Literal

import pulumi_kubernetes as kubernetes

__all__ = ["CONTAINER_SECURITY", "USER", "namespace_labels", "pod_security", "unprivileged"]

# The version whose rules count: a cluster's upgrade must not change by itself what it admits
# (https://kubernetes.io/docs/concepts/security/pod-security-admission/#pod-security-admission-labels-for-namespaces).
RULES_VERSION = "v1.35"
# The user of NVIDIA's image, triton-server
# (https://github.com/triton-inference-server/server/blob/main/build.py); ours take any number.
USER = 1000

CONTAINER_SECURITY: kubernetes.core.v1.SecurityContextArgsDict = {
    "allow_privilege_escalation": False,
    "capabilities": {"drop": ["ALL"]},
    "privileged": False,
    "read_only_root_filesystem": True,
}


def namespace_labels(level: Literal["restricted", "baseline", "privileged"]) -> dict[str, str]:
    """Refuse, record and warn of pods beyond `level`."""
    prefix = "pod-security.kubernetes.io"
    return {
        key: value
        for mode in ("enforce", "audit", "warn")
        for key, value in ((f"{prefix}/{mode}", level), (f"{prefix}/{mode}-version", RULES_VERSION))
    }


def pod_security() -> kubernetes.core.v1.PodSecurityContextArgsDict:
    """The pod's own part: a user that is nobody, with its files, and the runtime's list of system calls."""
    return {
        "run_as_non_root": True,
        "run_as_user": USER,
        "run_as_group": USER,
        "fs_group": USER,
        "seccomp_profile": {"type": "RuntimeDefault"},
    }


def unprivileged(
    account: str, spec: kubernetes.core.v1.PodSpecArgsDict
) -> kubernetes.core.v1.PodSpecArgsDict:
    """The pod `spec` under a service account, whose token it does not get, and without any right."""
    return {
        **spec,
        "service_account_name": account,
        "automount_service_account_token": False,
        # Addresses of other services are no business of it, and hundreds of variables slow its start.
        "enable_service_links": False,
        "security_context": pod_security(),
    }
