"""Writes the audit records of one gateway: before the answer leaves, one line each."""

from __future__ import annotations

import asyncio
import logging
import os
from collections import deque
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from serving.gateway.audit import GENESIS, Link, audit_files, end_of, sealed

__all__ = ["AuditLog"]

ROTATE_BYTES = 64 << 20
# Records kept in memory while the disk takes nothing: 10,000 of half a kilobyte are 5 MB.
MAX_WAITING = 10_000
log = logging.getLogger(__name__)


class AuditLog:
    """The end of a chain in `folder`, owned by one process.

    `write` hands the line to the kernel, so that it survives the death of this process; `sync`, called every second,
    puts it on the disk, so a power cut loses a second at most. While the disk is full, records wait in memory and
    follow in order as soon as there is room; beyond `MAX_WAITING` the oldest are lost, and the next record that is
    written says how many.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._waiting: deque[Mapping[str, Any]] = deque()
        self._lost = 0
        self._full = False
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._end = _recovered(folder)
        self._file = -1
        self._size = 0
        self._day = ""

    @property
    def waiting(self) -> int:
        """How many records the disk did not take yet."""
        return len(self._waiting)

    @property
    def lost(self) -> int:
        """How many records neither disk nor memory could hold, since the last one that was written."""
        return self._lost

    def write(self, record: Mapping[str, Any]) -> None:
        """Add a record; it is given its time here. Never raises: see the class for a disk that is full."""
        self._waiting.append({"at": datetime.now(UTC).isoformat(timespec="milliseconds"), **record})
        self.flush()
        while len(self._waiting) > MAX_WAITING:
            self._waiting.popleft()
            self._lost += 1

    def flush(self) -> None:
        """Write what waits, as far as the disk takes it."""
        try:
            if self._lost and self._waiting:
                first = {"at": self._waiting[0]["at"], "event": "records-lost", "count": self._lost}
                self._append(first)
                self._lost = 0
            while self._waiting:
                self._append(self._waiting[0])
                self._waiting.popleft()
        except OSError as error:
            if not self._full:
                log.error("the audit log in %s takes no records: %s", self._folder, error)
            self._full = True
        else:
            self._full = False

    async def sync(self) -> None:
        """Put what was written on the disk, while others go on writing; OSError if it does not take it all."""
        self.flush()
        if self._file >= 0:
            # Its own descriptor: the file may be changed for the next one meanwhile.
            await asyncio.to_thread(_fsync_and_close, os.dup(self._file))
        if self._waiting:
            raise OSError(f"{len(self._waiting)} records wait for room on the disk, {self._lost} are lost")

    def close(self) -> None:
        """Write and sync what there is."""
        self.flush()
        if self._file >= 0:
            _fsync_and_close(self._file)
            self._file = -1

    def _append(self, record: Mapping[str, Any]) -> None:
        line, link = sealed(record, self._end)
        self._rotate(len(line), str(record["at"])[:10])
        written = 0
        try:
            while written < len(line):
                written += os.write(self._file, line[written:])
        except OSError:
            # No half line stays; giving room back works on a full disk too.
            os.ftruncate(self._file, self._size)
            raise
        self._size += len(line)
        self._end = link

    def _rotate(self, length: int, day: str) -> None:
        """Go on in a new file when the day is over or the present one is full."""
        if self._file >= 0 and self._day == day and self._size + length <= ROTATE_BYTES:
            return
        name = f"{self._end.number + 1:012d}-{day}.jsonl"
        new = os.open(self._folder / name, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_EXCL, 0o600)
        if self._file >= 0:
            _fsync_and_close(self._file)
        self._file, self._size, self._day = new, 0, day


def _fsync_and_close(file: int) -> None:
    try:
        os.fsync(file)
    finally:
        os.close(file)


def _recovered(folder: Path) -> Link:
    """The end of the chain that an earlier start left; a last line cut short by a crash is set aside.

    AuditError if the newest file does not hold: nothing is ever chained to a broken end.
    """
    files = audit_files(folder)
    while files and not _whole(files[-1]):
        files.pop()
    return end_of(files[-1]) if files else GENESIS


def _whole(file: Path) -> bool:
    """Move a torn last line into a file of its own; False if no record is left."""
    content = file.read_bytes()
    kept = content.rfind(b"\n") + 1
    if kept < len(content):
        file.with_suffix(".torn").write_bytes(content[kept:])
        os.truncate(file, kept)
    if not kept:
        file.unlink()
    return kept > 0
