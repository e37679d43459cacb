"""What a stack chooses of the sync: the program that copies hot data and releases to AWS, and how often."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from infra.settings.group import Group
from infra.settings.image import ImageSettings

__all__ = ["SyncSettings"]


class SyncSettings(Group):
    """Copies of whatever is labelled hot or release and held by both clouds, over the bridge to AWS."""

    image: ImageSettings
    """rclone's image; one that knows writes with `If-None-Match`, as 1.75.2 does, which the tests run."""
    every_minutes: Annotated[int, Field(ge=5, le=30)] = 10
    """How often a copy begins, if the one before has ended."""
