"""Raw data, which names people, outside the private cloud."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from infra.policy.estate import Estate, Resource, setting, texts
from infra.policy.finding import Finding

__all__ = ["raw_data_outside"]

PRIVATE = "openstack"


def raw_data_outside(estate: Estate) -> Iterator[Finding]:
    """Find settings and resources that would bring raw data to AWS, or over the bridge."""
    data_sets: Mapping[str, Any] = setting(estate.settings, "residency.data-sets") or {}
    raw = [name for name, each in data_sets.items() if each.get("label") == "raw"]
    for name in raw:
        for cloud in data_sets[name].get("held") or ():
            if cloud != PRIVATE:
                key = f"residency.data-sets.{name}.held"
                yield Finding(where=key, problem=f"{key} names {cloud}", remedy=f"set {key} to [{PRIVATE}]")
    for flow, each in (setting(estate.settings, "bridge.flows") or {}).items():
        for name in set(each.get("carries") or ()) & set(raw):
            key = f"bridge.flows.{flow}.carries"
            yield Finding(where=key, problem=f"{key} names {name}", remedy=f"remove {name} from {key}")
    for resource in estate.resources:
        if resource.type.startswith("aws:"):
            yield from _labelled(resource)
        if not resource.type.startswith("openstack:"):
            yield from _addressed(resource, raw)


def _labelled(each: Resource) -> Iterator[Finding]:
    for key in ("tags", "metadata"):
        labels = each.inputs.get(key)
        if isinstance(labels, Mapping) and labels.get("residency") == "raw":
            yield Finding(
                where=each.name,
                problem=f"{key}.residency is raw, in AWS",
                remedy="keep it in OpenStack, or make a pseudonymous copy and label that hot",
            )


def _addressed(each: Resource, raw: list[str]) -> Iterator[Finding]:
    """Find addresses in S3: s3://bucket/interactions, arn:aws:s3:::bucket/interactions/*, or a key's beginning."""
    for name in raw:
        address = re.compile(rf"(s3://|arn:aws:s3:::)[^/\s\"]+/{re.escape(name)}(/|\*|\"|$)")
        keys = [each.inputs.get("key")] if each.type.startswith("aws:s3/bucketObject") else []
        hit = any(address.search(text) for text in texts(each.inputs))
        if hit or any(isinstance(key, str) and key.split("/")[0] == name for key in keys):
            yield Finding(
                where=each.name,
                problem=f"names {name}, which is raw data, in a bucket of AWS",
                remedy=f"name the hot copy instead of {name}",
            )
