"""Container images: pinned by a digest where data is protected, and Triton not older than is safe."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from infra.policy.estate import Estate, is_unknown, setting
from infra.policy.finding import Finding
from infra.policy.workload import containers, pod_specs

__all__ = ["old_triton", "without_digest"]

_TRITON_RELEASE = re.compile(r"^(\d\d\.\d\d)\b")
TRITON = "tritonserver"


def without_digest(estate: Estate) -> Iterator[Finding]:
    """Find images whose content a registry could change; asked of stacks that protect their data."""
    if not setting(estate.settings, "protect"):
        return
    for key, image in _chosen(estate.settings, ""):
        if not image.get("digest"):
            reference = f"{image['name']}:{image.get('tag')}"
            ask = f"skopeo inspect --format '{{{{.Digest}}}}' docker://{reference}"
            yield Finding(
                where=key,
                problem=f"{key}.digest is empty ({reference})",
                remedy=f"set {key}.digest to what `{ask}` prints",
            )
    for where, reference in _running(estate):
        if "@sha256:" not in reference and not _is_chosen(reference, estate.settings):
            yield Finding(
                where=where,
                problem=f"image is {reference}, without a digest",
                remedy=f"set image to {reference}@sha256:...",
            )


def old_triton(estate: Estate) -> Iterator[Finding]:
    """Find a Triton older than inference.triton.oldest, which says what is wrong with older ones."""
    oldest = setting(estate.settings, "inference.triton.oldest.release")
    reason = setting(estate.settings, "inference.triton.oldest.reason")
    if not oldest:
        return
    image = setting(estate.settings, "inference.triton.image")
    public = str(image.get("name", TRITON))
    references = [("inference.triton.image.tag", f"{public}:{image.get('tag')}"), *_running(estate)]
    for where, reference in references:
        name, _, version = reference.partition("@")[0].rpartition(":")
        found = _TRITON_RELEASE.match(version)
        if name.rpartition("/")[2] in _names(public, estate.settings) and (
            found is None or found[1] < oldest
        ):
            yield Finding(
                where=where,
                problem=f"Triton {version} is older than {oldest}: {reason}",
                remedy=f"set inference.triton.image.tag to {oldest}-py3 or newer",
            )


def _chosen(settings: Mapping[str, Any], path: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every image of the settings (a group with a name, a tag and perhaps a digest), by key."""
    for key, value in settings.items():
        if isinstance(value, Mapping):
            here = f"{path}{key}"
            if {"name", "tag"} <= value.keys():
                yield here, value
            else:
                yield from _chosen(value, f"{here}.")


def _is_chosen(reference: str, settings: Mapping[str, Any]) -> bool:
    """Whether an image is one of the settings, or AWS's copy of one; those were told by key."""
    repository, _, tag = reference.partition("@")[0].rpartition(":")
    name = repository.rpartition("/")[2]
    return any(
        tag == image.get("tag") and name in _names(str(image["name"]), settings)
        for _, image in _chosen(settings, "")
    )


def _names(public: str, settings: Mapping[str, Any]) -> set[str]:
    """What an image's repository may be called: as its publisher does, or by its key in aws.images."""
    copies = setting(settings, "aws.images") or {}
    return {public.rpartition("/")[2], *(key for key, source in copies.items() if source == public)}


def _running(estate: Estate) -> Iterator[tuple[str, str]]:
    for each, spec in pod_specs(estate):
        for container in containers(spec):
            image = container.get("image")
            if isinstance(image, str) and not is_unknown(image):
                yield f"{each.name}: container {container.get('name')}", image
