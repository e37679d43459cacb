"""A container image as a stack pins it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from infra.settings.group import Group

__all__ = ["ImageSettings"]


class ImageSettings(Group):
    """One image: where it is published, its tag, and the digest that nobody can move."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9.-]+\.[a-z]+(:\d+)?(/[a-z0-9._-]+)+$")]
    """Registry and path, without tag; a cluster may pull a copy of it from elsewhere."""
    tag: Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$")]
    """The tag; never one that moves."""
    digest: Annotated[str, Field(pattern=r"^(sha256:[0-9a-f]{64})?$")] = ""
    """The digest of the tag's image index; empty where it is not known yet."""

    @property
    def reference(self) -> str:
        """What a container's `image` says."""
        return f"{self.name}:{self.tag}" + (f"@{self.digest}" if self.digest else "")
