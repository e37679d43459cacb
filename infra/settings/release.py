"""The release that a hybrid stack serves: its digest, and the record of it that a preview can read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, model_validator

from infra.settings.group import Group
from model.record import ReleaseRecord

__all__ = ["RELEASES", "ReleaseRecord", "ReleaseRef"]

RELEASES = Path(__file__).parents[2] / "stacks" / "releases"


class ReleaseRef(Group):
    """The one line that a deploy changes."""

    digest: Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]
    """The digest of a published release."""

    @model_validator(mode="after")
    def _is_known(self) -> Self:
        ReleaseRecord.load(self.digest, RELEASES)
        return self

    @property
    def record(self) -> ReleaseRecord:
        """What the release is."""
        return ReleaseRecord.load(self.digest, RELEASES)
