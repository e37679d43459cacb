"""Tags as Neutron, Octavia and Nova take them: plain words, no keys."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["tag_list"]


def tag_list(tags: Mapping[str, str]) -> list[str]:
    """Return `key=value` words, sorted, so that no preview shows their order."""
    return [f"{key}={value}" for key, value in sorted(tags.items())]
