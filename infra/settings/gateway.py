"""What a hybrid stack chooses of the gateway: it runs in the private cloud only, where histories and their key stay."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from infra.settings.group import Group
from infra.settings.image import ImageSettings
from infra.settings.replica import ReplicaRange

__all__ = ["GatewaySettings", "HistoryStoreSettings"]


class HistoryStoreSettings(Group):
    """The Valkey that holds histories by pseudonym, for all gateways."""

    image: ImageSettings
    memory_mib: Annotated[int, Field(ge=128, le=1 << 20)]
    """Memory that it gets; at three quarters of it, new events are refused and nothing is forgotten."""
    volume_gib: Annotated[int, Field(ge=1, le=10_000)]
    """Its log of events on an encrypted volume; three times its memory leaves room to write it anew."""


class GatewaySettings(ReplicaRange):
    """The domain API's pods."""

    image: ImageSettings
    """Our image (serving/images/gateway.Containerfile)."""
    memory_mib: Annotated[int, Field(ge=512, le=65536)]
    """Memory that a gateway gets: the catalogue, its index of words, and records that wait for a full disk."""
    audit_gib: Annotated[int, Field(ge=1, le=10_000)]
    """The volume of each pod's audit log, of which nothing is ever removed: half a KiB a decision."""
    histories: HistoryStoreSettings
