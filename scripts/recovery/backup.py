"""The state of a stack before each update, in files of this machine: what `scripts/recover --restore` takes."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

from scripts.recovery.stack import RecoveryError, Stack
from scripts.recovery.unanswered import FOLDER, noted
from scripts.setup.marker import replace_file

__all__ = ["KEPT", "backups", "save"]

# A month of daily updates; a state of 308 resources takes 1.5 MB.
KEPT = 30


def backups(environment: str, folder: Path = FOLDER) -> list[Path]:
    """What was saved of an environment, the oldest first."""
    return sorted((folder / environment).glob("[0-9]*.json"))


def save(stack: Stack, folder: Path = FOLDER) -> Path | None:
    """Save the state, secrets encrypted as they are kept; None where the stack holds nothing yet.

    RecoveryError: it cannot be written, in which case no half of it stays and what was saved before does; or an
    update of a cloud was killed, and the next one would make anew what may be there.
    """
    state = stack.export()
    if stack.name != "local" and (state["deployment"].get("pending_operations") or noted(stack.name, folder)):
        raise RecoveryError(
            f"an update of {stack.name} or its provider was killed; run scripts/recover {stack.name} first"
        )
    if not state["deployment"].get("resources"):
        return None
    place = folder / stack.name
    file = place / f"{datetime.now(UTC):%Y%m%dT%H%M%S.%f}Z.json"
    try:
        replace_file(file, json.dumps(state), mode=0o600)
    except OSError as error:
        reason = error.strerror or error
        raise RecoveryError(
            f"the state cannot be saved to {place} before the update: {reason}; make room there, nothing was changed"
        ) from error
    for old in backups(stack.name, folder)[:-KEPT]:
        old.unlink(missing_ok=True)
    return file


if __name__ == "__main__":
    try:
        save(Stack(name=sys.argv[1]))
    except RecoveryError as error:
        sys.exit(f"error: {error}")
