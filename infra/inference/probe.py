"""How the kubelet asks whether a container has begun, is ready, and is alive."""

from __future__ import annotations

import pulumi_kubernetes as kubernetes

__all__ = ["at", "probed"]

Probe = kubernetes.core.v1.ProbeArgsDict
PROBE_SECONDS = 5
# Dead after half a minute: a restart begins all over.
DEAD_FAILURES = 6


def at(port: str, path: str) -> Probe:
    """A question over HTTP, to a port by its name."""
    return {"http_get": {"path": path, "port": port}}


def probed(
    container: kubernetes.core.v1.ContainerArgsDict, *, ready: Probe, alive: Probe, start_seconds: int
) -> kubernetes.core.v1.ContainerArgsDict:
    """The container with its probes: not ready after one failure, dead after six, and `start_seconds` to begin."""

    def asked(what: Probe, failures: int) -> Probe:
        return {
            **what,
            "period_seconds": PROBE_SECONDS,
            "timeout_seconds": 3,
            "failure_threshold": failures,
        }

    return {
        **container,
        "startup_probe": asked(ready, start_seconds // PROBE_SECONDS),
        "readiness_probe": asked(ready, 1),
        "liveness_probe": asked(alive, DEAD_FAILURES),
    }
