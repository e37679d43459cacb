"""What swanctl says of charon's IKE SAs, as Python values. Debian 12 has no package of vici's Python client."""

from __future__ import annotations

import re
import subprocess
from typing import Any

__all__ = ["begun", "carrying", "parse", "sas"]

# `name {`, `}`, `key=[list]` and `key=value`, as swanctl --raw writes them.
_TOKEN = re.compile(
    r"(?P<group>[^\s={}]+) \{|(?P<end>\})|(?P<key>[^\s={}]+)=(?:\[(?P<list>[^]]*)\]|(?P<value>[^\s}]*))"
)
# A CHILD_SA in these states carries packets (strongSwan, src/libcharon/sa/child_sa.h).
CARRIES = {"INSTALLED", "REKEYING", "REKEYED"}
ANSWER_SECONDS = 5


def sas() -> list[dict[str, Any]]:
    """All IKE SAs, each under its tunnel's name; none where charon does not answer."""
    command = ["swanctl", "--list-sas", "--raw"]
    found = subprocess.run(command, capture_output=True, text=True, timeout=ANSWER_SECONDS, check=False)
    prefix = "list-sa event "
    return [parse(line.removeprefix(prefix)) for line in found.stdout.splitlines() if line.startswith(prefix)]


def parse(line: str) -> dict[str, Any]:
    """The groups and values of one raw line, `{...}`."""
    stack: list[dict[str, Any]] = [{}]
    for token in _TOKEN.finditer(line.strip().removeprefix("{").removesuffix("}")):
        if name := token["group"]:
            stack.append(stack[-1].setdefault(name, {}))
        elif token["end"]:
            stack.pop()
        else:
            value = token["value"]
            stack[-1][token["key"]] = token["list"].split() if value is None else value
    return stack[0]


def carrying(found: list[dict[str, Any]]) -> set[str]:
    """The tunnels with an SA that carries packets."""
    return {
        child["name"]
        for sa in found
        for each in sa.values()
        for child in each.get("child-sas", {}).values()
        if child["state"] in CARRIES
    }


def begun(found: list[dict[str, Any]]) -> set[str]:
    """The tunnels that carry, or that may yet: an IKE SA that stands without a child SA brings no other by itself."""
    return {
        name
        for sa in found
        for name, each in sa.items()
        if each["state"] != "ESTABLISHED" or each.get("child-sas")
    }
