"""The engine's JSON preview, and how a person reads it: a tree of what would change, and a summary."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from infra.policy.estate import UNKNOWN

__all__ = ["Digest", "at", "short"]

_MARKS = {
    "create": "+",
    "delete": "-",
    "replace": "+-",
    "update": "~",
    "same": " ",
    "read": ">",
    "refresh": "~",
}
# The engine tells a replacement three times; once is enough.
_REPEATED = ("create-replacement", "delete-replaced")
_WIDEST = 60
# What the engine adds to every error that the program told in its own words (sdk 3.259.0, pulumi.RunError).
_ECHO = "error: an unhandled error occurred: program exited with non-zero exit code: 1"


@dataclass(frozen=True)
class Digest:
    """What `pulumi preview --json` printed."""

    content: Mapping[str, Any]

    def lines(self) -> Iterator[str]:
        """The tree of what changes, each resource below its parent."""
        steps = _changing(
            {step["urn"]: step for step in self.content.get("steps", []) if step["op"] not in _REPEATED}
        )
        children: dict[str, list[str]] = {}
        for urn, step in steps.items():
            parent = _state(step).get("parent", "")
            children.setdefault(parent if parent in steps else "", []).append(urn)
        yield from _branch("", steps, children, 0)

    def summary(self) -> str:
        """How many resources would change, and how."""
        counts = self.content.get("changeSummary") or {}
        found = [f"{count} to {_verb(op)}" for op, count in counts.items() if op != "same"]
        return ", ".join([*found, f"{counts.get('same', 0)} unchanged"])

    def problems(self) -> Iterator[str]:
        """What the program and the engine had to say, errors above all."""
        said = [each["message"].strip() for each in self.content.get("diagnostics") or []]
        told = [text for text in said if text and text != _ECHO]
        yield from told or filter(None, said)


def _changing(steps: Mapping[str, Any]) -> dict[str, Any]:
    """The steps that do something, and those of everything above them."""
    kept: set[str] = set()
    for urn, step in steps.items():
        while step["op"] != "same" and urn in steps and urn not in kept:
            kept.add(urn)
            urn = _state(steps[urn]).get("parent", "")
    return {urn: step for urn, step in steps.items() if urn in kept}


def _branch(
    parent: str, steps: Mapping[str, Any], children: Mapping[str, list[str]], depth: int
) -> Iterator[str]:
    for urn in children.get(parent, []):
        step = steps[urn]
        mark = _MARKS.get(step["op"], step["op"])
        yield f"{mark:>2} {'   ' * depth}{_state(step)['type']}  {urn.rpartition('::')[2]}"
        for path, change in sorted((step.get("detailedDiff") or {}).items()):
            yield f"   {'   ' * (depth + 1)}{_change(step, path, change['kind'])}"
        yield from _branch(urn, steps, children, depth + 1)


def _change(step: Mapping[str, Any], path: str, kind: str) -> str:
    old, new = (short(at(step.get(state, {}).get("inputs", {}), path)) for state in ("oldState", "newState"))
    reason = "  (replaces it)" if kind.endswith("replace") else ""
    if kind.startswith("add"):
        return f"{path}: {new}{reason}"
    return f"{path}: {old} => {'' if kind.startswith('delete') else new}{reason}"


def at(value: Any, path: str) -> Any:  # noqa: ANN401 - any property
    """What lies at a path such as `tags["a.b"]` or `rules[0].port`; None if nothing does."""
    for quoted, index, name in re.findall(r'\["(.*?)"\]|\[(\d+)\]|([^.\[\]]+)', path):
        if index:
            value = value[int(index)] if isinstance(value, list) and int(index) < len(value) else None
        else:
            value = value.get(quoted or name) if isinstance(value, dict) else None
    return value


def short(value: Any) -> str:  # noqa: ANN401 - any property
    """A value in a line; what only creation will tell has no value yet."""
    text = str(value).replace("\n", " ").replace(UNKNOWN, "(known later)")
    return text if len(text) <= _WIDEST else f"{text[:_WIDEST]}..."


def _state(step: Mapping[str, Any]) -> dict[str, Any]:
    state: dict[str, Any] = step.get("newState") or step["oldState"]
    return state


def _verb(op: str) -> str:
    return {"create-replacement": "replace"}.get(op, op)
