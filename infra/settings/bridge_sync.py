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
    """rclone's image; of 1.70 or later, which can put an object on the condition that there is none."""
    every_minutes: Annotated[int, Field(ge=5, le=30)] = 10
    """How often a copy begins, if the one before has ended."""
