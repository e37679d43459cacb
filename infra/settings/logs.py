"""What a stack chooses of its pods' logs; how long AWS keeps them, `aws.log-days` says."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from infra.settings.group import Group
from infra.settings.image import ImageSettings

__all__ = ["LogSettings", "LogStoreSettings"]


class LogStoreSettings(Group):
    """The VictoriaLogs of the private cloud."""

    image: ImageSettings
    days: Annotated[int, Field(ge=1, le=3650)]
    """How long a line is kept."""
    volume_gib: Annotated[int, Field(ge=1, le=10_000)]
    """Its encrypted volume; at four fifths of it, the oldest days go before their time."""
    memory_mib: Annotated[int, Field(ge=256, le=65536)]
    """Memory that it gets."""


class LogSettings(Group):
    """What collects on both clusters, and what keeps in the private one."""

    collector_image: ImageSettings
    """Fluent Bit."""
    store: LogStoreSettings
