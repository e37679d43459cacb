"""What every level of the settings has in common, and the types that several levels use."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["Address", "Group", "Name", "Network", "Port"]

# Ports below 1024 belong to root (https://www.rfc-editor.org/rfc/rfc6335#section-6).
Port = Annotated[int, Field(ge=1024, le=65535)]
# Settings are strict, but YAML has no type for these two: they come as text.
Network = Annotated[IPv4Network, Field(strict=False)]
Address = Annotated[IPv4Address, Field(strict=False)]
# What both clouds and Kubernetes accept as a part of a name
# (https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-label-names).
Name = Annotated[str, Field(pattern=r"^[a-z]([-a-z0-9]{0,30}[a-z0-9])?$")]


class Group(BaseModel):
    """A level of the settings: kebab-case keys, nothing unknown, no text where a number belongs."""

    model_config = ConfigDict(
        alias_generator=lambda name: name.replace("_", "-"),
        extra="forbid",
        frozen=True,
        strict=True,
        use_attribute_docstrings=True,
    )
