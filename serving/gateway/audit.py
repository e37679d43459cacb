"""The chain of audit records: each line holds the hash of the one before, also from file to file.

`python -m serving.gateway.audit verify <folder>` names the first record that was changed, removed or put in between.
Whoever can write the folder can also write a whole new chain: keep the last hash, which `verify` prints, elsewhere.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["GENESIS", "AuditError", "Link", "audit_files", "end_of", "sealed", "verify"]


class AuditError(ValueError):
    """The chain is broken; the message is one line and names the first record that does not hold."""


@dataclass(frozen=True)
class Link:
    """The place of a record in its chain."""

    number: int
    hash: str


# Before the first record.
GENESIS = Link(0, "0" * 64)


def sealed(record: Mapping[str, Any], previous: Link) -> tuple[bytes, Link]:
    """A record as the line that follows `previous`, and the new end of the chain."""
    body = {**record, "number": previous.number + 1, "previous": previous.hash}
    link = Link(previous.number + 1, _hash_of(body))
    return _canonical({**body, "hash": link.hash}) + b"\n", link


def audit_files(folder: Path) -> list[Path]:
    """The files of a chain, oldest first."""
    return sorted(folder.glob("*.jsonl"))


def verify(folder: Path, after: Link = GENESIS) -> Link:
    """The end of the chain in `folder`, which begins after `after`; AuditError if it does not hold."""
    link = after
    for place, line in _lines(audit_files(folder)):
        link = _checked(place, line, link)
    return link


def end_of(file: Path) -> Link:
    """The end of one file's part of a chain; AuditError if it does not hold in itself."""
    link: Link | None = None
    for place, line in _lines([file]):
        link = _checked(place, line, link or _before(place, line))
    if link is None:
        raise AuditError(f"{file.name} is empty")
    return link


def _lines(files: Sequence[Path]) -> Iterator[tuple[str, bytes]]:
    for file in files:
        with file.open("rb") as lines:
            for number, line in enumerate(lines, start=1):
                yield f"{file.name} line {number}", line


def _before(place: str, line: bytes) -> Link:
    try:
        first = json.loads(line)
        return Link(first["number"] - 1, first["previous"])
    except (ValueError, KeyError, TypeError):
        raise AuditError(f"{place}: this is no whole record") from None


def _checked(place: str, line: bytes, previous: Link) -> Link:
    try:
        body = json.loads(line)
        said = Link(body["number"], body.pop("hash"))
    except (ValueError, KeyError, TypeError, AttributeError):
        raise AuditError(f"{place}: this is no whole record; the {previous.number} before it hold") from None
    if said.number != previous.number + 1 or body.get("previous") != previous.hash:
        raise AuditError(
            f"{place}: record {said.number} does not follow record {previous.number}; "
            "something was removed, put in between or reordered"
        )
    if said.hash != _hash_of(body) or line != _canonical({**body, "hash": said.hash}) + b"\n":
        raise AuditError(f"{place}: record {said.number} was changed; the {previous.number} before it hold")
    return said


def _hash_of(body: Mapping[str, Any]) -> str:
    return hashlib.sha256(_canonical(body)).hexdigest()


def _canonical(body: Mapping[str, Any]) -> bytes:
    return json.dumps(body, sort_keys=True, separators=(",", ":")).encode()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the exit code is 1 if the chain is broken."""
    parser = argparse.ArgumentParser(prog="python -m serving.gateway.audit", description=__doc__)
    command = parser.add_subparsers(dest="command", required=True).add_parser(
        "verify", help="prove the chain"
    )
    command.add_argument("folder", type=Path)
    command.add_argument(
        "--after",
        nargs=2,
        metavar=("NUMBER", "HASH"),
        help="the last record of files that were moved away (the chain starts at the first record)",
    )
    chosen = parser.parse_args(arguments)
    after = Link(int(chosen.after[0]), chosen.after[1]) if chosen.after else GENESIS
    try:
        if not chosen.folder.is_dir():
            raise AuditError(f"{chosen.folder} is no folder; name the one that holds the audit log")
        end = verify(chosen.folder, after)
    except (AuditError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"{end.number - after.number} records hold; the last is {end.number} {end.hash}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
