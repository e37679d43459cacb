"""The names that providers give where the program gives none."""

from __future__ import annotations

import hashlib
from typing import Any

from scripts.standins.difference import DEFAULTS
from scripts.standins.schema import ResourceType

__all__ = ["HELM_RELEASE", "named", "named_by_us"]

# Where the name is not in `name` (https://www.pulumi.com/docs/iac/concepts/resources/names/#autonaming).
_PROPERTIES = {"aws:s3/bucket:Bucket": "bucket", "aws:eks/nodeGroup:NodeGroup": "nodeGroupName"}
# The one type of Kubernetes' provider that is no Kubernetes object.
HELM_RELEASE = "kubernetes:helm.sh/v3:Release"
_AUTONAMED = "pulumi.com/autonamed"


def named(token: str, urn: str, olds: dict[str, Any], news: dict[str, Any]) -> dict[str, Any]:
    """The inputs with a name; one that was made up before stays."""
    if token == HELM_RELEASE and "name" not in news:
        return {**news, "name": olds.get("name") or _made_up(urn), DEFAULTS: ["name"]}
    if token.startswith("kubernetes:"):
        return news if token == HELM_RELEASE else _object(urn, olds, news)
    key = _PROPERTIES.get(token, "name")
    found = ResourceType.of(token).outputs.get(key)
    chosen = key in news or f"{key}Prefix" in news
    if chosen or found is None or found.computed or found.optional:
        return news
    name = olds[key] if key in olds.get(DEFAULTS, []) else _made_up(urn)
    return {**news, key: name, DEFAULTS: [key]}


def named_by_us(inputs: dict[str, Any]) -> bool:
    """Whether a stand-in chose the name, so that a successor can have another."""
    annotations = (inputs.get("metadata") or {}).get("annotations") or {}
    return bool(inputs.get(DEFAULTS)) or _AUTONAMED in annotations


def _object(urn: str, olds: dict[str, Any], news: dict[str, Any]) -> dict[str, Any]:
    metadata = news.get("metadata") or {}
    if "name" in metadata or "generateName" in metadata:
        return news
    name = olds["metadata"]["name"] if named_by_us(olds) else _made_up(urn)
    annotations = {**metadata.get("annotations", {}), _AUTONAMED: "true"}
    return {**news, "metadata": {**metadata, "name": name, "annotations": annotations}}


def _made_up(urn: str) -> str:
    return f"{urn.rpartition('::')[2]}-{hashlib.sha256(urn.encode()).hexdigest()[:7]}"
