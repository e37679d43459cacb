"""What a stack chooses of training: what is trained, on what data, on how many GPU nodes, and when."""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self
from zoneinfo import available_timezones

from pydantic import Field, model_validator

from infra.settings.group import Group, Name
from infra.settings.image import ImageSettings
from model.recipes import recipe

__all__ = ["DataRef", "TrainingSettings"]

# Lowest and highest number of cron's five fields
# (https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/#schedule-syntax).
CRON_FIELDS = {"minute": (0, 59), "hour": (0, 23), "day": (1, 31), "month": (1, 12), "weekday": (0, 6)}
_CRON_PART = re.compile(r"^(?:\*|(\d{1,2})(?:-(\d{1,2}))?)(?:/([1-9]\d?))?$")


class DataRef(Group):
    """What is trained on."""

    source: Literal["completejourney", "sequences", "rees46", "table"]
    """completejourney comes with the image; every other one reads a file of a data set."""
    data_set: Name | None = None
    """A data set of residency.data-sets that AWS holds."""
    path: Annotated[
        str, Field(pattern=r"^([A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*)?$")
    ] = ""
    """The file of the data set that the source reads."""

    @model_validator(mode="after")
    def _source_has_what_it_reads(self) -> Self:
        if self.source == "completejourney" and (self.data_set or self.path):
            raise ValueError(
                f'source is "{self.source}", which brings its own data; remove data-set and path'
            )
        if self.source != "completejourney" and not (self.data_set and self.path):
            raise ValueError(
                f'source is "{self.source}", which reads a file; name its data-set and its path in there'
            )
        return self


class TrainingSettings(Group):
    """The job that runs model/ on the GPU nodes of AWS."""

    image: ImageSettings
    """Our image of what model/ imports (serving/images/training.Containerfile); the code comes as a bundle."""
    recipe: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    """A recipe of model/recipes.py."""
    data: DataRef
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
    """Where the training's random numbers start."""
    nodes: Annotated[int, Field(ge=1, le=64)]
    """GPU nodes that train together, one card each."""
    cores: Annotated[int, Field(ge=1, le=192)]
    """Cores that each pod asks for."""
    memory_mib: Annotated[int, Field(ge=2048, le=1 << 21)]
    """Memory that each pod gets."""
    work_gib: Annotated[int, Field(ge=1, le=1000)]
    """Disk for data, checkpoints and the release, of each pod."""
    schedule: str
    """When the nightly run starts: cron's five fields."""
    time_zone: str
    """The zone of schedule, as in Europe/Rome."""
    max_hours: Annotated[int, Field(ge=1, le=72)]
    """A run that takes longer is ended."""

    @model_validator(mode="after")
    def _nodes_share_the_batch(self) -> Self:
        batch = recipe(self.recipe).batch_size
        if batch % self.nodes:
            raise ValueError(
                f"nodes is {self.nodes}, which cannot share recipe {self.recipe}'s batch of {batch} evenly; "
                f"choose a divisor of {batch}"
            )
        return self

    @model_validator(mode="after")
    def _schedule_is_cron(self) -> Self:
        parts = self.schedule.split()
        if len(parts) != len(CRON_FIELDS):
            raise ValueError(
                f'schedule is "{self.schedule}", with {len(parts)} fields; write {" ".join(CRON_FIELDS)}'
            )
        for part, (field, (lowest, highest)) in zip(parts, CRON_FIELDS.items(), strict=True):
            if not all(_is_cron(each, lowest, highest) for each in part.split(",")):
                raise ValueError(
                    f'schedule is "{self.schedule}", whose {field} "{part}" is not a number from {lowest} to '
                    f"{highest}, a range, a list or */n; correct it"
                )
        return self

    @model_validator(mode="after")
    def _time_zone_exists(self) -> Self:
        # A bare machine has no list of zones; Kubernetes has, and refuses what it does not know.
        if (known := available_timezones()) and self.time_zone not in known:
            raise ValueError(
                f'time-zone is "{self.time_zone}", which nobody knows; write one such as Etc/UTC'
            )
        return self

    def images(self) -> dict[str, ImageSettings]:
        """Every image of this group, by key."""
        return {"image": self.image}


def _is_cron(part: str, lowest: int, highest: int) -> bool:
    found = _CRON_PART.match(part)
    if not found:
        return False
    numbers = [int(number) for number in found.group(1, 2) if number]
    return all(lowest <= number <= highest for number in numbers) and numbers == sorted(numbers)
