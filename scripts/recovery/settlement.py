"""What a killed update was making in a cloud: taken into the state where a person found it, dropped where not."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scripts.recovery.stack import RecoveryError, Stack
from scripts.recovery.unanswered import FOLDER, forget, noted

__all__ = ["adopt", "pending"]


def pending(stack: Stack, folder: Path = FOLDER) -> dict[str, dict[str, Any]]:
    """What may or may not be there, by URN: what a killed engine was making, and what no provider answered for."""
    return _pending(stack.export()["deployment"], stack.name, folder)


def adopt(stack: Stack, found: Mapping[str, str], *, clear: bool, folder: Path = FOLDER) -> None:
    """Put what was found, id by URN, into the state; the refresh that follows reads what it is like.

    RecoveryError: nothing of that name is pending, it was to replace something that the state has, or there is more
    that is pending and `clear` does not say that it was not made.
    """
    # The engine's own `refresh --import-pending-creates` only marks them, and then forgets them (3.259, tested).
    state = stack.export()
    deployment = state["deployment"]
    resources = _pending(deployment, stack.name, folder)
    known = {each["urn"] for each in deployment["resources"]}
    for urn, id_ in found.items():
        if urn not in resources or urn in known:
            replaced = "replaces what the state has: delete it in the cloud, then give --clear"
            why = replaced if urn in known else "is not pending"
            raise RecoveryError(f"{urn} {why}; pending are: {', '.join(resources) or 'none'}")
        deployment["resources"].append({"outputs": {}, **resources.pop(urn), "id": id_})
    # An import of the engine forgets whatever is still pending, and says nothing.
    if resources and not clear:
        raise RecoveryError(
            f"also pending: {', '.join(resources)}; look for each, then give every --found at once, with --clear"
        )
    deployment["pending_operations"] = []
    _replace(stack, state)
    forget(stack.name, folder)


def _pending(deployment: Mapping[str, Any], environment: str, folder: Path) -> dict[str, dict[str, Any]]:
    killed = [each["resource"] for each in deployment.get("pending_operations", [])]
    return {each["urn"]: each for each in (*noted(environment, folder), *killed)}


def _replace(stack: Stack, state: Mapping[str, Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "state.json"
        file.write_text(json.dumps(state))
        stack.require("stack", "import", "--file", str(file))
