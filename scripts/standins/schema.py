"""What the installed SDKs say of a resource type; read from their source text, since importing them takes seconds."""

from __future__ import annotations

import functools
import importlib.util
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Self

__all__ = ["Property", "ResourceType"]

_GETTER = re.compile(
    r'@pulumi\.getter(?:\(name="(?P<wire>\w+)"\))?\n'
    r"    def (?P<name>\w+)\(self\) -> pulumi\.Output\[(?P<type>[^\n]*)\]:\n"
    r'(?:        """(?P<text>.*?)""")?',
    re.DOTALL,
)
# How the providers' documentation, which the SDKs repeat, says that a change replaces the resource.
_REPLACES = re.compile(
    r"changing this (value )?(will )?(creates?|forces?) an? |forces new resource", re.IGNORECASE
)


@dataclass(frozen=True, kw_only=True)
class Property:
    """An output of a resource; `optional` ones may be absent, `replaces` is what the documentation admits."""

    type: str
    computed: bool
    optional: bool
    replaces: bool


@dataclass(frozen=True, kw_only=True)
class ResourceType:
    """A type's outputs by their name on the wire, and which of them its provider marks secret."""

    outputs: dict[str, Property]
    secrets: frozenset[str]

    @classmethod
    @functools.cache
    def of(cls, token: str) -> Self:
        """What the SDK says of `aws:ec2/vpc:Vpc`; nothing for Kubernetes, whose outputs are its inputs."""
        file = None if token.startswith("kubernetes:") else _file(token)
        return cls(outputs={}, secrets=frozenset()) if file is None else cls._read(file)

    @classmethod
    def _read(cls, file: Path) -> Self:
        text = file.read_text()
        text = text[text.index("(pulumi.CustomResource):") :]
        computed = set(re.findall(r'__props__\.__dict__\["(\w+)"\] = None\n', text.partition("def get(")[0]))
        secrets = re.search(r"additional_secret_outputs=\[(.*?)\]", text)
        outputs = {
            found["wire"] or found["name"]: Property(
                type=found["type"],
                computed=found["name"] in computed,
                optional=found["type"].startswith("Optional["),
                replaces=bool(_REPLACES.search(" ".join((found["text"] or "").split()))),
            )
            for found in _GETTER.finditer(text)
        }
        return cls(outputs=outputs, secrets=frozenset(re.findall(r'"(\w+)"', secrets[1] if secrets else "")))


def _file(token: str) -> Path | None:
    """The file of an SDK that declares a type: aws:ec2/vpcEndpoint:VpcEndpoint is in ec2/vpc_endpoint.py."""
    package, module, _ = token.split(":")
    *folders, name = module.split("/")
    root = _root(package)
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
    guess = root.joinpath(*(each for each in folders if each != "index"), f"{words}.py")
    if guess.is_file() and f"'{token}'" in guess.read_text():
        return guess
    # Names such as `lambda_` and `IPSec` follow no rule worth repeating here.
    return next((file for file in root.rglob("*.py") if f"            '{token}'," in file.read_text()), None)


@functools.cache
def _root(package: str) -> Path:
    spec = importlib.util.find_spec(f"pulumi_{package}")
    assert spec is not None, f"the SDK pulumi_{package} is not installed"
    assert spec.origin is not None
    return Path(spec.origin).parent
