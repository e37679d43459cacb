"""From what the engine hands to a policy pack to the estate that policies see."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Protocol

from infra.policy.estate import UNKNOWN, Estate, Resource

__all__ = ["PackResource", "estate_of"]


class PackResource(Protocol):
    """What is used of pulumi_policy's PolicyResource."""

    resource_type: str
    name: str
    urn: str
    props: Mapping[str, Any]
    opts: Any
    parent: PackResource | None


def estate_of(
    resources: Iterable[PackResource],
    settings: Mapping[str, Any],
    stack: str,
    today: date,
    unknown: type[Exception],
) -> Estate:
    """The estate; `unknown` is what the pack raises where a value is not known yet. Changes are not told to packs."""
    return Estate(
        stack=stack,
        today=today,
        resources=[_resource(each, unknown) for each in resources],
        settings=settings,
    )


def _resource(each: PackResource, unknown: type[Exception]) -> Resource:
    return Resource(
        type=each.resource_type,
        name=each.name,
        urn=each.urn,
        parent=each.parent.urn if each.parent else "",
        inputs=_plain(each.props, unknown),
        protect=bool(each.opts.protect),
    )


def _plain(value: Any, unknown: type[Exception]) -> Any:  # noqa: ANN401 - any property
    """The value without the pack's proxies, and with our mark where it is not known."""
    if isinstance(value, Mapping):
        return {key: _item(value, key, unknown) for key in value}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [_item(value, index, unknown) for index in range(len(value))]
    return value


def _item(group: Any, key: Any, unknown: type[Exception]) -> Any:  # noqa: ANN401 - any property
    try:
        return _plain(group[key], unknown)
    except unknown:
        return UNKNOWN
