"""The estate as policies see it: neutral resources, what happens to them, and what the stack chose."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

__all__ = ["UNKNOWN", "Change", "Estate", "Resource", "is_unknown", "setting", "texts"]

# What only creation will tell (https://github.com/pulumi/pulumi/blob/master/sdk/go/common/resource/plugin/rpc.go).
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


@dataclass(frozen=True, kw_only=True)
class Resource:
    """One resource, from whatever source; `inputs` are named as the engine names them (camelCase)."""

    type: str
    name: str
    urn: str
    parent: str = ""
    inputs: Mapping[str, Any] = field(default_factory=dict)
    protect: bool = False

    @property
    def component(self) -> str:
        """The type of the component that it belongs to, such as rialto:aws:Vpn."""
        return self.parent.split("::")[2].rpartition("$")[2] if "::" in self.parent else ""


@dataclass(frozen=True, kw_only=True)
class Change:
    """What a preview would do: create, update, replace or delete; `paths` are the inputs that differ."""

    op: str
    old: Resource | None = None
    new: Resource | None = None
    paths: Sequence[str] = ()
    reasons: Sequence[str] = ()
    """Those of `paths` that force a replacement."""

    @property
    def resource(self) -> Resource:
        """What is changed, as it will be, or as it was if it goes."""
        found = self.new or self.old
        assert found is not None, "a change of nothing"
        return found


@dataclass(frozen=True, kw_only=True)
class Estate:
    """What there will be, on a day."""

    stack: str
    today: date
    resources: Sequence[Resource]
    changes: Sequence[Change] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    """`rialto:settings` as the stack file has them; empty where nobody could read them."""

    def of(self, *types: str) -> Iterator[Resource]:
        """The resources of these types."""
        return (each for each in self.resources if each.type in types)


def is_unknown(value: Any) -> bool:  # noqa: ANN401 - any property
    """Whether only creation will tell the value."""
    return isinstance(value, str) and UNKNOWN in value


def setting(settings: Mapping[str, Any], path: str) -> Any:  # noqa: ANN401 - any setting
    """What a stack chose at a path such as `inference.triton.image`; None if nothing."""
    value: Any = settings
    for key in path.split("."):
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def texts(value: Any) -> Iterator[str]:  # noqa: ANN401 - any property
    """Every text at any depth of a value."""
    if isinstance(value, Mapping):
        for each in value.values():
            yield from texts(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from texts(each)
    elif isinstance(value, str):
        yield value
