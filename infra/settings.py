"""Every choice that a stack can make, validated once: unknown keys, types, ranges and what must agree."""

from __future__ import annotations

import difflib
import json
import sys
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import pulumi
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails

__all__ = ["ReleaseSettings", "Settings", "TritonSettings", "schema"]

SCHEMA = Path(__file__).parents[1] / "stacks" / "settings.schema.json"

# Ports below 1024 belong to root (https://www.rfc-editor.org/rfc/rfc6335#section-6).
Port = Annotated[int, Field(ge=1024, le=65535)]
# More python-backend processes than this cost memory before they bring throughput.
MAX_INSTANCES = 64


class _Group(BaseModel):
    """A level of the settings: kebab-case keys, nothing unknown, no text where a number belongs."""

    model_config = ConfigDict(
        alias_generator=lambda name: name.replace("_", "-"),
        extra="forbid",
        frozen=True,
        strict=True,
        use_attribute_docstrings=True,
    )


class ReleaseSettings(_Group):
    """What the served release is trained from; a change trains a new one."""

    recipe: Annotated[str, Field(min_length=1)]
    """A recipe of model/recipes.py: smoke (seconds), baseline (minutes), production."""
    source: Literal["completejourney", "sequences", "rees46", "table"]
    """The embedded year of groceries, S3-Rec's text format, a REES46 CSV, or any table with a mapping."""
    path: str = ""
    """The source's file, relative to the project's root; empty for completejourney, which brings its own."""
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
    """Where the training's random numbers start."""

    @model_validator(mode="after")
    def _path_fits_source(self) -> Self:
        if self.source == "completejourney" and self.path:
            raise ValueError(f'path is "{self.path}", but completejourney brings its own data; remove path')
        if self.source != "completejourney" and not self.path:
            raise ValueError(f'path is empty, but source "{self.source}" reads a file; name it in path')
        return self


class TritonSettings(_Group):
    """Where the local Triton listens, on loopback only, and how it uses the cores."""

    http_port: Port
    """KServe v2 over HTTP."""
    grpc_port: Port
    """KServe v2 over gRPC."""
    metrics_port: Port
    """Prometheus metrics."""
    instances: Annotated[int, Field(ge=1, le=MAX_INSTANCES)] | None = None
    """Copies of each model that answer at the same time; left out, they fill all cores but the one of Triton."""
    threads: Annotated[int, Field(ge=1, le=MAX_INSTANCES)] = 1
    """Cores that one copy of a model uses."""

    @model_validator(mode="after")
    def _ports_differ(self) -> Self:
        ports = {"http-port": self.http_port, "grpc-port": self.grpc_port, "metrics-port": self.metrics_port}
        for key, port in ports.items():
            if twin := next((other for other in ports if other != key and ports[other] == port), None):
                raise ValueError(f"{twin} is {port}, as is {key}; choose three different ports")
        return self


class Settings(_Group):
    """One stack's `rialto:settings`."""

    release: ReleaseSettings
    triton: TritonSettings

    @classmethod
    def load(cls) -> Self:
        """Read and validate this stack's settings; pulumi.RunError has one line for each problem."""
        file = f"stacks/Pulumi.{pulumi.get_stack()}.yaml"
        try:
            chosen = pulumi.Config().get_object("settings")
        except pulumi.ConfigTypeError as error:
            raise pulumi.RunError(
                f'{file}: settings is "{error.value}"; it must be a group of keys'
            ) from None
        if chosen is None:
            raise pulumi.RunError(
                f"{file}: rialto:settings is missing; "
                "copy it from stacks/Pulumi.local.yaml, or select another stack"
            )
        try:
            return cls.model_validate(chosen)
        except ValidationError as error:
            lines = [f"{file}: {_line(problem)}" for problem in error.errors(include_url=False)]
            raise pulumi.RunError("\n".join(lines)) from None


def _line(problem: ErrorDetails) -> str:
    """Say which key is wrong, what it holds and what would be right."""
    path = ".".join(["settings", *map(str, problem["loc"])])
    if problem["type"] == "extra_forbidden":
        return f"{path} is not a setting; {_nearest(problem['loc'])}"
    if problem["type"] == "missing":
        return f"{path} is missing; add it (stacks/settings.schema.json says what it means)"
    if problem["type"] == "value_error":
        return f"{path}.{problem['ctx']['error']}"
    if problem["type"] == "model_type":
        return f"{path} is {json.dumps(problem['input'])}; it must be a group of keys"
    remedy = problem["msg"].replace("Input should be", "it must be").replace("String should", "it must")
    return f"{path} is {json.dumps(problem['input'])}; {remedy}"


def _nearest(loc: tuple[int | str, ...]) -> str:
    """Point from an unknown key to the one that was meant, or to all there are at its level."""
    group: type[BaseModel] = Settings
    for name in loc[:-1]:
        group = next(field.annotation for field in group.model_fields.values() if field.alias == name)  # type: ignore[assignment]
    known = [field.alias or name for name, field in group.model_fields.items()]
    if close := difflib.get_close_matches(str(loc[-1]), known, n=1):
        return f"did you mean {close[0]}?"
    return f"the keys here are {', '.join(known)}"


def schema() -> str:
    """The JSON Schema of a stack file, for editors."""
    settings: dict[str, Any] = Settings.model_json_schema(by_alias=True)
    definitions = settings.pop("$defs")
    document = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A stack file of Rialto (generated: python -m infra.settings write)",
        "type": "object",
        "properties": {
            "config": {
                "type": "object",
                "properties": {"rialto:settings": settings},
                "required": ["rialto:settings"],
            }
        },
        "required": ["config"],
        "$defs": definitions,
    }
    return json.dumps(document, indent=2) + "\n"


def main(arguments: list[str]) -> int:
    """`check` that stacks/settings.schema.json is current, or `write` it."""
    if arguments == ["write"]:
        SCHEMA.write_text(schema())
        return 0
    if arguments == ["check"]:
        if SCHEMA.is_file() and SCHEMA.read_text() == schema():
            return 0
        print(f"error: {SCHEMA.name} is out of date; run `python -m infra.settings write`", file=sys.stderr)
        return 1
    print("error: usage: python -m infra.settings check|write", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
