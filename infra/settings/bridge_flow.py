"""What may cross the bridge: declared flows, each with the data that it carries."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from infra.settings.group import Group, Name
from infra.settings.residency import ALLOWED, Cloud, ResidencySettings

__all__ = ["FlowSettings", "require_resident"]


class FlowSettings(Group):
    """Packets that one side begins and the other answers; whatever is no declared flow is dropped and counted."""

    source: Cloud
    """The side that begins: openstack or aws."""
    protocol: Literal["tcp", "icmp"]
    """tcp with a port, or icmp: echo only, for whatever keeps a path working passes anyway."""
    port: Annotated[int, Field(ge=1, le=65535)] | None = None
    """The port of the side that answers."""
    carries: Annotated[tuple[Name, ...], Field(strict=False)] = ()
    """The data sets that travel in it, either way; none for pure control."""

    @model_validator(mode="after")
    def _tcp_has_a_port(self) -> Self:
        if self.protocol == "tcp" and self.port is None:
            raise ValueError("port is missing, though protocol is tcp; name the port that answers")
        if self.protocol == "icmp" and self.port is not None:
            raise ValueError(f"port is {self.port}, though protocol is icmp, which has none; remove it")
        return self


def require_resident(flows: dict[str, FlowSettings], residency: ResidencySettings) -> None:
    """Refuse a flow with data that may not lie at both ends: what crosses the bridge is then there."""
    for name, flow in flows.items():
        for data_set in flow.carries:
            key = f"bridge.flows.{name}.carries names {data_set}"
            found = residency.data_sets.get(data_set)
            if found is None:
                known = ", ".join(residency.data_sets)
                raise ValueError(f"{key}, which residency.data-sets does not know; choose of {known}")
            if len(ALLOWED[found.label]) < 2:
                raise ValueError(
                    f"{key}, which is labelled {found.label} and stays in {', '.join(sorted(ALLOWED[found.label]))}; "
                    "remove it, or make a pseudonymous copy and label that hot"
                )
            if len(found.held) < 2:
                raise ValueError(
                    f"{key}, which residency holds in {found.held[0]} only; let both clouds hold it, or remove it"
                )
