"""One stack's `rialto:settings`, read once and checked whole: what kind of stack, and everything it chooses."""

from __future__ import annotations

import difflib
import json
from typing import Annotated, Any, get_args

import pulumi
from pydantic import BaseModel, Field, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from infra.settings.hybrid import HybridSettings
from infra.settings.local import LocalSettings

__all__ = ["Settings", "load_settings", "parse_settings"]

# Where pydantic says what is wrong, and not what would be right.
_REMEDIES = {
    "ip_v4_network": "it must be an IPv4 network, such as 10.20.0.0/16",
    "ip_v4_address": "it must be an IPv4 address, such as 10.20.0.5",
    "tuple_type": "it must be a list, as in [a, b]",
}

Settings = Annotated[LocalSettings | HybridSettings, Field(discriminator="kind")]


def load_settings() -> LocalSettings | HybridSettings:
    """Read and validate this stack's settings; pulumi.RunError has one line for each problem."""
    file = f"stacks/Pulumi.{pulumi.get_stack()}.yaml"
    try:
        chosen = pulumi.Config().get_object("settings")
    except pulumi.ConfigTypeError as error:
        raise pulumi.RunError(f'{file}: settings is "{error.value}"; it must be a group of keys') from None
    if chosen is None:
        raise pulumi.RunError(
            f"{file}: rialto:settings is missing; copy it from stacks/Pulumi.local.yaml, or select another stack"
        )
    try:
        return parse_settings(chosen)
    except ValidationError as error:
        problems = error.errors(include_url=False)
        lines = [f"{file}: {_line(each)}" for each in problems if not _is_echo(each, problems)]
        raise pulumi.RunError("\n".join(lines)) from None


def parse_settings(chosen: Any) -> LocalSettings | HybridSettings:  # noqa: ANN401 - it is not known yet what it is
    """Validate what a stack file holds under rialto:settings; pydantic's ValidationError has every problem."""
    adapter: TypeAdapter[LocalSettings | HybridSettings] = TypeAdapter(Settings)
    return adapter.validate_python(chosen)


def _is_echo(problem: ErrorDetails, problems: list[ErrorDetails]) -> bool:
    """Whether a list counts as too short only because what is in it was refused."""
    loc = problem["loc"]
    inside = [each for each in problems if len(each["loc"]) > len(loc) and each["loc"][: len(loc)] == loc]
    return problem["type"] == "too_short" and bool(inside)


def _line(problem: ErrorDetails) -> str:
    """Say which key is wrong, what it holds and what would be right."""
    # pydantic puts the kind of stack in front of every place, which the stack file does not.
    loc = problem["loc"][1:]
    path = ".".join(["settings", *map(str, loc)])
    if problem["type"] == "union_tag_not_found":
        return "settings.kind is missing; say local (this machine) or hybrid (OpenStack and AWS)"
    if problem["type"] == "union_tag_invalid":
        return f'settings.kind is "{problem["ctx"]["tag"]}"; it must be local or hybrid'
    if problem["type"] == "extra_forbidden":
        return f"{path} is not a setting; {_nearest(problem['loc'])}"
    if problem["type"] == "missing":
        return f"{path} is missing; add it (stacks/settings.schema.json says what it means)"
    if problem["type"] == "value_error":
        return f"{path}.{problem['ctx']['error']}"
    if problem["type"] in ("model_type", "model_attributes_type", "dict_type"):
        return f"{path} is {json.dumps(problem['input'], default=str)}; it must be a group of keys"
    if problem["type"] == "too_short":
        return f"{path} has {len(problem['input'])} entries; it must have at least {problem['ctx']['min_length']}"
    said = problem["msg"].replace("Input should be", "it must be").replace("String should", "it must")
    remedy = _REMEDIES.get(problem["type"], said)
    return f"{path} is {json.dumps(problem['input'], default=str)}; {remedy}"


def _nearest(loc: tuple[int | str, ...]) -> str:
    """Point from an unknown key to the one that was meant, or to all there are at its level."""
    kinds: dict[int | str, type[BaseModel]] = {"local": LocalSettings, "hybrid": HybridSettings}
    group = kinds[loc[0]]
    for name in loc[1:-1]:
        field = next((each for each in group.model_fields.values() if each.alias == name), None)
        # What is no field is the name of an entry, a pool say: its group was found with the field before.
        group = _group_in(field.annotation) or group if field else group
    known = [field.alias or name for name, field in group.model_fields.items()]
    if close := difflib.get_close_matches(str(loc[-1]), known, n=1):
        return f"did you mean {close[0]}?"
    return f"the keys here are {', '.join(known)}"


def _group_in(annotation: Any) -> type[BaseModel] | None:  # noqa: ANN401 - an annotation may be anything
    """The settings group that a field holds: itself, optional, or as the entries of a mapping or a list."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _group_in(part))), None)
