"""What a provider that ended was making in a cloud: the engine lives on and forgets it (3.259), so a file remembers."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from scripts.recovery.stack import PROJECT
from scripts.setup.marker import replace_file

__all__ = ["forget", "note", "noted"]

FOLDER = PROJECT / ".rialto" / "backups"
# What grpc-go says of a request whose connection ends before its answer (internal/transport/http2_client.go). One that
# was never sent fails otherwise.
_NO_ANSWER = "error reading from server:"


def note(environment: str, log: Path, folder: Path = FOLDER) -> list[str]:
    """Remember what the `--event-log` of an update says was asked for and never answered; return its URNs."""
    # A killed engine may leave half a line; what it was making stands in the state.
    events = [json.loads(line) for line in log.read_text().splitlines(keepends=True) if line.endswith("\n")]
    silent = {
        said["urn"]
        for each in events
        if (said := each.get("diagnosticEvent"))
        and said.get("urn")
        and said["message"].startswith(_NO_ANSWER)
    }
    failed = [each["resOpFailedEvent"]["metadata"] for each in events if "resOpFailedEvent" in each]
    asked = {
        each["urn"]: each["new"]
        for each in failed
        if each["op"].startswith("create") and each["urn"] in silent
    }
    if asked:
        known = {each["urn"]: each for each in noted(environment, folder)}
        replace_file(_file(environment, folder), json.dumps([*{**known, **asked}.values()]), mode=0o600)
    return list(asked)


def noted(environment: str, folder: Path = FOLDER) -> list[dict[str, Any]]:
    """What may or may not be in the cloud, as the engine asked for it; a secret in it is a placeholder."""
    try:
        found: list[dict[str, Any]] = json.loads(_file(environment, folder).read_text())
    except FileNotFoundError:
        return []
    return found


def forget(environment: str, folder: Path = FOLDER) -> None:
    """Whether it is there was settled."""
    _file(environment, folder).unlink(missing_ok=True)


def _file(environment: str, folder: Path) -> Path:
    return folder / environment / "unanswered.json"


if __name__ == "__main__":
    if lost := note(sys.argv[1], Path(sys.argv[2])):
        print("A provider ended while it made these; the cloud may or may not have them:", *lost, sep="\n  ")
        sys.exit(
            f"error: run scripts/recover {sys.argv[1]} before the next update, which would make them again"
        )
