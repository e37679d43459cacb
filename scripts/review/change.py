"""From the engine's preview to the estate that policies and the report see."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

from infra.policy.estate import Change, Estate, Resource

__all__ = ["after", "before"]

# The engine tells a replacement three times; once is enough.
_REPEATED = ("create-replacement", "delete-replaced")
_UNCHANGED = ("same", "read", "refresh")


def after(preview: Mapping[str, Any], stack: str, today: date) -> Estate:
    """The estate as it will be, with what changes."""
    steps = [step for step in preview.get("steps", []) if step["op"] not in _REPEATED]
    return Estate(
        stack=stack,
        today=today,
        resources=[_resource(step["newState"]) for step in steps if step["op"] != "delete"],
        changes=[_change(step) for step in steps if step["op"] not in _UNCHANGED],
        settings=_settings(preview),
    )


def before(preview: Mapping[str, Any], stack: str, today: date) -> Estate:
    """The estate as it is; without settings, which a state does not have."""
    steps = [step for step in preview.get("steps", []) if step["op"] not in _REPEATED]
    return Estate(
        stack=stack,
        today=today,
        resources=[_resource(step["oldState"]) for step in steps if "oldState" in step],
    )


def _settings(preview: Mapping[str, Any]) -> dict[str, Any]:
    chosen = (preview.get("config") or {}).get("rialto:settings", {})
    found: dict[str, Any] = json.loads(chosen) if isinstance(chosen, str) else chosen
    return found


def _change(step: Mapping[str, Any]) -> Change:
    detailed = step.get("detailedDiff") or {}
    return Change(
        op=step["op"],
        old=_resource(step["oldState"]) if "oldState" in step else None,
        new=_resource(step["newState"]) if "newState" in step else None,
        paths=sorted(detailed),
        reasons=sorted(path for path, each in detailed.items() if each["kind"].endswith("replace")),
    )


def _resource(state: Mapping[str, Any]) -> Resource:
    return Resource(
        type=state["type"],
        name=state["urn"].rpartition("::")[2],
        urn=state["urn"],
        parent=state.get("parent", ""),
        inputs=state.get("inputs") or {},
        protect=bool(state.get("protect")),
    )
