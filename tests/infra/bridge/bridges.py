"""Bridges for tests: the one of a committed stack file, spoiled at will, and keys that are none."""

import copy
from functools import cache
from pathlib import Path

import yaml

from infra.bridge.description import Bridge, Peer, describe
from infra.bridge.rendering import File, gateway_files
from infra.settings import HybridSettings
from infra.settings.stack import parse_settings

PROJECT = Path(__file__).parents[3]
# Documentation addresses (RFC 5737).
PUBLIC_ADDRESS = "203.0.113.10"
PEERS = {
    "first": Peer(address="198.51.100.10", preshared_key="KeyOfTheFirst"),
    "second": Peer(address="198.51.100.11", preshared_key="KeyOfTheSecond"),
}


@cache
def _stack(stack: str) -> dict:
    file = yaml.safe_load((PROJECT / "stacks" / f"Pulumi.{stack}.yaml").read_text())
    return file["config"]["rialto:settings"]


def values(stack: str = "prod") -> dict:
    """A stack's settings as plain values, to be spoiled."""
    return copy.deepcopy(_stack(stack))


def settings(chosen: dict | None = None) -> HybridSettings:
    found = parse_settings(chosen or values())
    assert isinstance(found, HybridSettings)
    return found


def bridge(**changed: object) -> Bridge:
    """What `prod` means, with keys of its `bridge` group changed (kebab-case with _)."""
    chosen = values()
    chosen["bridge"] |= {key.replace("_", "-"): value for key, value in changed.items()}
    return describe(settings(chosen))


def rendered(found: Bridge | None = None, name: str = "gateway-a") -> dict[str, File]:
    return gateway_files(found or bridge(), name, PEERS, PUBLIC_ADDRESS)
