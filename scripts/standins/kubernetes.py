"""What a Kubernetes API server would answer: the object as declared, with what the server adds to its metadata."""

from __future__ import annotations

from typing import Any

from scripts.standins.naming import HELM_RELEASE
from scripts.standins.newborn import Newborn

__all__ = ["computed", "identity"]

# The same in every run, for the same reason as ids are.
_CREATED = "2026-01-01T00:00:00Z"


def identity(born: Newborn) -> str:
    """`namespace/name`, as the provider says it."""
    metadata = born.inputs if born.token == HELM_RELEASE else born.inputs["metadata"]
    namespace = metadata.get("namespace")
    return f"{namespace}/{metadata['name']}" if namespace else str(metadata["name"])


def computed(born: Newborn, _: str) -> dict[str, Any]:
    """Outputs by dotted path that the server fills in."""
    if born.token == HELM_RELEASE:
        chosen = {key: born.inputs.get(key) for key in ("name", "namespace", "chart", "version")}
        return {"status": {**chosen, "status": "deployed", "revision": 1}, "resourceNames": {}}
    found: dict[str, Any] = {
        "metadata.uid": born.uuid(),
        "metadata.creationTimestamp": _CREATED,
        "metadata.generation": 1,
        "metadata.resourceVersion": str(born.number(100_000)),
    }
    if born.kind == "core/v1:Service":
        found["spec.clusterIP"] = born.inputs.get("spec", {}).get(
            "clusterIP", f"172.20.0.{born.number(200) + 20}"
        )
        if born.inputs.get("spec", {}).get("type") == "LoadBalancer":
            found["status"] = {"loadBalancer": {"ingress": [{"ip": f"10.0.1.{born.number(200) + 20}"}]}}
    return found
