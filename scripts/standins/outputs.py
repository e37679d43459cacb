"""The outputs of a resource that a stand-in created or updated: its inputs, and what the provider adds to them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from scripts.standins import aws, kubernetes, openstack, password
from scripts.standins.difference import DEFAULTS
from scripts.standins.newborn import Newborn
from scripts.standins.replacement import replaced_by
from scripts.standins.schema import Property, ResourceType
from scripts.standins.wire import UNKNOWN, is_secret, known, plain, secret

__all__ = ["born", "created", "identity", "updated"]

_PACKAGES = {"aws": aws, "kubernetes": kubernetes, "openstack": openstack, "random": password}
# Counters of versions, which every update moves and no preview can know.
_MOVED_BY_UPDATES = {"aws:ec2/launchTemplate:LaunchTemplate": ("latestVersion",)}
# What a provider knows before it has created anything.
_KNOWN_EARLY = ("region", "tagsAll")


def born(token: str, urn: str, inputs: dict[str, Any], account: str, region: str) -> Newborn:
    """A resource to be created; another one, if what replaces it differs."""
    fixed = [
        f"{'.'.join(map(str, path))}={value}"
        for path, value in _leaves(inputs, ())
        if replaced_by(token, path) and not is_secret(value)
    ]
    return Newborn(
        token=token,
        name=urn.rpartition("::")[2],
        urn=" ".join([urn, *fixed]),
        inputs=known(plain(inputs)),
        account=account,
        region=region,
    )


def identity(newborn: Newborn) -> str:
    """The id that its cloud would give."""
    return _package(newborn).identity(newborn)


def created(newborn: Newborn, id_: str, inputs: dict[str, Any], *, preview: bool) -> dict[str, Any]:
    """What a new resource has; in a preview, what only its creation will tell is unknown."""
    type_ = ResourceType.of(newborn.token)
    made = _package(newborn).computed(newborn, id_) | {"tagsAll": inputs.get("tags", {})}
    outputs = {key: value for key, value in inputs.items() if key != DEFAULTS}
    for key, each in type_.outputs.items():
        if key not in inputs and (each.computed or not each.optional or key in made):
            early = key in _KNOWN_EARLY
            value = made.get(key, _filler(newborn.name, key, each))
            outputs[key] = UNKNOWN if preview and not early else value
    for path, value in made.items():
        if "." in path:
            outputs = _with(outputs, path.split("."), UNKNOWN if preview else value)
        elif not type_.outputs:
            outputs.setdefault(path, UNKNOWN if preview else value)
    return {key: _marked(value) if key in type_.secrets else value for key, value in outputs.items()}


def updated(
    newborn: Newborn, id_: str, olds: Mapping[str, Any], inputs: dict[str, Any], *, preview: bool
) -> dict[str, Any]:
    """What an updated resource has: what was computed stays, but for counters of versions."""
    outputs = created(newborn, id_, inputs, preview=False)
    for key in _MOVED_BY_UPDATES.get(newborn.token, ()):
        outputs[key] = UNKNOWN if preview else int(olds[key]) + 1
    return outputs


def _package(newborn: Newborn) -> Any:  # noqa: ANN401 - one of three modules with the same two functions
    return _PACKAGES[newborn.token.partition(":")[0]]


def _marked(value: Any) -> Any:  # noqa: ANN401 - any property
    return value if value == UNKNOWN else secret(value)


def _leaves(value: Any, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], Any]]:  # noqa: ANN401
    if isinstance(value, dict | list) and value and not is_secret(value):
        for key, each in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _leaves(each, (*path, key))
    else:
        yield path, value


def _with(outputs: dict[str, Any], path: list[str], value: Any) -> dict[str, Any]:  # noqa: ANN401 - any property
    """A copy with one nested value filled in, where its group was given and does not have it."""
    key, *rest = path
    if not rest:
        return {**outputs, key: outputs.get(key, value)}
    group = plain(outputs.get(key))
    if not isinstance(group, dict):
        return outputs
    filled = _with(outputs[key] if not is_secret(outputs[key]) else group, rest, value)
    return {**outputs, key: secret(filled) if is_secret(outputs[key]) else filled}


def _filler(name: str, key: str, each: Property) -> Any:  # noqa: ANN401 - any property
    """Something of the right type."""
    kind = each.type.removeprefix("Optional[")
    if kind.startswith("_builtins.str"):
        return "" if key.endswith("Prefix") else f"{name}-{key}"
    if kind.startswith("_builtins.bool"):
        return False
    if kind.startswith(("_builtins.int", "_builtins.float")):
        return 0
    return [] if kind.startswith("Sequence") else {}
