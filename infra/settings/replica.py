"""How many pods there may be."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from infra.settings.group import Group

__all__ = ["ReplicaRange"]


class ReplicaRange(Group):
    """The least and the most that the autoscaler may choose."""

    min_replicas: Annotated[int, Field(ge=1, le=1000)]
    """Pods that are always there."""
    max_replicas: Annotated[int, Field(ge=1, le=1000)]
    """The most that load may bring."""

    @model_validator(mode="after")
    def _minimum_is_below_maximum(self) -> Self:
        if self.min_replicas > self.max_replicas:
            raise ValueError(
                f"min-replicas is {self.min_replicas}, above max-replicas {self.max_replicas}; "
                "lower one or raise the other"
            )
        return self
