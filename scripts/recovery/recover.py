"""Makes a stack whose update was killed ready for the next one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from scripts.recovery.backup import backups
from scripts.recovery.checkpoint import mend
from scripts.recovery.lock import unlock
from scripts.recovery.orphan import end_orphans
from scripts.recovery.settlement import adopt, pending
from scripts.recovery.stack import RecoveryError, Stack
from scripts.recovery.unanswered import FOLDER, forget

__all__ = ["recover"]


def recover(
    stack: Stack,
    *,
    restore: Path | None = None,
    found: Mapping[str, str] | None = None,
    clear: bool = False,
    folder: Path = FOLDER,
) -> str:
    """Remove stale locks, end orphans, settle what was being made, and refresh; return what to do next.

    `restore` is a saved state to begin with, `found` what a killed update made in the cloud (id by URN), `clear`
    says that it made nothing else. `folder` has what was noted and saved. RecoveryError: an engine is at work, or a
    person must look.
    """
    _require_there(stack, restore, folder)
    if mend(stack):
        print("took the state of before a write that was cut short")
    if unlock(stack):
        print("removed the lock of an update that has ended")
    if restore:
        stack.require("stack", "import", "--file", str(restore.absolute()))
        print(f"restored the state of {restore}")
    local = stack.name == "local"
    if local and (ended := end_orphans(stack.export()["deployment"].get("resources", []))):
        print(f"ended {ended} processes that no state holds")
    if found:
        adopt(stack, found, clear=clear, folder=folder)
    if clear and not local and (gone := pending(stack, folder)):
        print("taken for not made, as --clear says:", *gone, sep="\n  ")
    # What is on this machine can be looked at; what a killed update may have made in a cloud cannot.
    stack.require(
        "refresh", "--yes", "--skip-preview", *(["--clear-pending-creates"] if local or clear else [])
    )
    if clear:
        forget(stack.name, folder)
    if left := pending(stack, folder):
        print(
            "An update or its provider was killed while it made these; the cloud may or may not have them:",
            *left,
            sep="\n  ",
        )
        raise RecoveryError(
            f"look for each in the cloud, then run scripts/recover {stack.name} --clear, "
            "with --found URN=ID for each that is there"
        )
    return f"the state of {stack.name} is what is there; next: scripts/up {stack.name}"


def _require_there(stack: Stack, restore: Path | None, folder: Path) -> None:
    if restore and not restore.is_file():
        known = ", ".join(map(str, backups(stack.name, folder)[-3:])) or "none"
        raise RecoveryError(f"there is no file {restore}; the last ones saved of {stack.name}: {known}")
