"""Where which data may lie, and the refusal of settings that would send raw data out of the private cloud."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from infra.naming import CODE_PREFIX
from infra.settings.group import Group, Name

__all__ = ["Cloud", "DataSet", "Label", "ResidencySettings"]

Cloud = Literal["openstack", "aws"]
Label = Literal["raw", "hot", "release"]

# Raw interactions name people. What is hot holds pseudonyms whose key stays private; a release holds no person.
ALLOWED: dict[Label, frozenset[Cloud]] = {
    "raw": frozenset({"openstack"}),
    "hot": frozenset({"openstack", "aws"}),
    "release": frozenset({"openstack", "aws"}),
}


class DataSet(Group):
    """One data set: what it is, and which clouds hold a copy."""

    label: Label
    """raw: names people, stays private; hot: pseudonymous, may cross the bridge; release: trained models."""
    held: Annotated[tuple[Cloud, ...], Field(min_length=1, strict=False)]
    """The clouds that hold it: openstack, aws."""

    @model_validator(mode="after")
    def _stays_where_it_may(self) -> Self:
        for cloud in self.held:
            if cloud not in ALLOWED[self.label]:
                allowed = ", ".join(sorted(ALLOWED[self.label]))
                raise ValueError(
                    f"held names {cloud}, but data labelled {self.label} may lie in {allowed} only; "
                    f"remove {cloud}, or make a pseudonymous copy of it and label that hot"
                )
        return self

    @model_validator(mode="after")
    def _is_made_where_it_lies(self) -> Self:
        if self.label == "hot" and "openstack" not in self.held:
            raise ValueError(
                f"held is {', '.join(self.held)}, but hot data is made from raw data in the private cloud; "
                "add openstack"
            )
        return self


class ResidencySettings(Group):
    """Every data set that the estate stores, by name; each becomes a container or a bucket prefix of that name."""

    data_sets: Annotated[dict[Name, DataSet], Field(min_length=1)]
    """Data sets by name."""

    @model_validator(mode="after")
    def _leaves_the_code_its_place(self) -> Self:
        if CODE_PREFIX in self.data_sets:
            raise ValueError(
                f"data-sets names {CODE_PREFIX}, where AWS's bucket keeps training code; choose another name"
            )
        return self

    def held_in(self, cloud: Cloud) -> dict[str, Label]:
        """The names of the data sets that `cloud` holds, with their labels."""
        return {name: each.label for name, each in self.data_sets.items() if cloud in each.held}

    @property
    def copied(self) -> dict[str, Label]:
        """The names of the data sets that the sync copies to AWS, with their labels: never one that is raw."""
        both = self.held_in("openstack").items() & self.held_in("aws").items()
        return {name: label for name, label in self.held_in("openstack").items() if (name, label) in both}

    def labelled(self, label: Label) -> list[str]:
        """The names of the data sets with this label."""
        return [name for name, each in self.data_sets.items() if each.label == label]

    @property
    def releases(self) -> str:
        """The name of the one data set that holds releases."""
        return self.labelled("release")[0]

    @model_validator(mode="after")
    def _releases_are_on_both_sides(self) -> Self:
        found = self.labelled("release")
        if len(found) != 1 or set(self.data_sets[found[0]].held) != {"openstack", "aws"}:
            raise ValueError(
                f"data-sets has {len(found)} data sets labelled release ({', '.join(found) or 'none'}); "
                "name exactly one, held: [openstack, aws]"
            )
        return self
