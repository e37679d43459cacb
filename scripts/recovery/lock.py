"""The lock that a killed engine leaves in a state: removed only where its holder is known to be gone."""

from __future__ import annotations

import re
import socket
from pathlib import Path

from scripts.recovery.stack import RecoveryError, Stack

__all__ = ["is_engine", "unlock"]

# How the engine says who holds a lock (pkg/backend/diy/lock.go).
_HELD_BY = re.compile(r"created by (?P<who>\S+)@(?P<host>\S+) \(pid (?P<pid>\d+)\) at (?P<when>\S+)")


def unlock(stack: Stack) -> bool:
    """Remove the locks of engines that have ended on this machine; True if there was one.

    RecoveryError: an engine is at work, or the lock comes from another machine, where only people can look.
    """
    # Every command that would change the state first asks for the lock; this one changes nothing.
    asked = stack.ask("refresh", "--yes", "--skip-preview", "--target", "urn:pulumi:none::none::none::none")
    holders = list(_HELD_BY.finditer(asked.stdout))
    for held in holders:
        _require_ended(stack.name, held)
    if holders:
        stack.require("cancel", "--yes")
    return bool(holders)


def _require_ended(name: str, held: re.Match[str]) -> None:
    by = f"{held['who']}@{held['host']} since {held['when']}"
    if held["host"] != socket.gethostname():
        raise RecoveryError(
            f"{name} is locked by {by}, another machine: make sure that its update has ended, then run "
            f".rialto/bin/pulumi cancel {name} and this again"
        )
    if is_engine(int(held["pid"])):
        raise RecoveryError(f"{name} is being updated by process {held['pid']}, {by}: wait for it or end it")


def is_engine(pid: int) -> bool:
    """Whether an engine has this number now; another program may have got it since."""
    try:
        return Path("/proc", str(pid), "comm").read_text().strip() == "pulumi"
    except OSError:
        return False
