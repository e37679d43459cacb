"""Histories in an SQLite file, for one gateway on one machine."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from serving.gateway.event import Event, StoredHistory
from serving.gateway.store import MAX_EVENTS, HistoryStoreError

__all__ = ["SqliteHistories"]

Result = TypeVar("Result")

# Another process (an import, a backup) may hold the file for a moment; a request has no more time than this.
BUSY_SECONDS = 0.05
# FULL: an event that was answered is on the disk (https://www.sqlite.org/pragma.html#pragma_synchronous).
SCHEMA = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
CREATE TABLE IF NOT EXISTS users (user TEXT PRIMARY KEY, version INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS events (
    user TEXT NOT NULL, number INTEGER NOT NULL, event_id TEXT,
    item_id TEXT NOT NULL, kind TEXT NOT NULL, at REAL NOT NULL, value REAL,
    PRIMARY KEY (user, number)
) WITHOUT ROWID;
CREATE UNIQUE INDEX IF NOT EXISTS events_once ON events (user, event_id) WHERE event_id IS NOT NULL;
CREATE TABLE IF NOT EXISTS seeds (name TEXT PRIMARY KEY) WITHOUT ROWID;
"""
INSERT = "INSERT INTO events (user, number, event_id, item_id, kind, at, value) VALUES (?, ?, ?, ?, ?, ?, ?)"


class SqliteHistories:
    """See `HistoryStore`. One thread owns the connection, so that a slow disk does not stop the event loop."""

    def __init__(self, file: Path) -> None:
        self._thread = ThreadPoolExecutor(1, "histories")
        try:
            self._db = self._thread.submit(_opened, file).result()
        except sqlite3.Error as error:
            self._thread.shutdown()
            raise HistoryStoreError(f"the histories {file} cannot be opened: {error}") from error

    async def read(self, user: str, newest: int) -> StoredHistory:
        """See `HistoryStore`."""
        return await self._run(lambda: self._read(user, newest))

    async def append(self, user: str, event: Event, event_id: str) -> int | None:
        """See `HistoryStore`."""
        return await self._run(lambda: self._append(user, event, event_id))

    async def seed(self, name: str, histories: Mapping[str, Sequence[Event]]) -> int:
        """See `HistoryStore`."""
        return await self._run(lambda: self._seed(name, histories))

    async def check(self) -> None:
        """See `HistoryStore`."""
        await self._run(lambda: self._db.execute("SELECT 1 FROM users LIMIT 1").fetchall())

    async def close(self) -> None:
        """See `HistoryStore`."""
        self._thread.submit(self._db.close).result()
        self._thread.shutdown()

    async def _run(self, action: Callable[[], Result]) -> Result:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, action)
        except sqlite3.Error as error:
            raise HistoryStoreError(f"the histories cannot be used: {error}") from error

    def _read(self, user: str, newest: int) -> StoredHistory:
        with self._db:
            self._db.execute("BEGIN")
            version = self._version(user)
            rows = self._db.execute(
                "SELECT item_id, kind, at, value FROM events WHERE user = ? ORDER BY number DESC LIMIT ?",
                (user, newest),
            ).fetchall()
        return StoredHistory([Event(*row) for row in reversed(rows)], version)

    def _append(self, user: str, event: Event, event_id: str) -> int | None:
        with self._db:
            self._db.execute("BEGIN IMMEDIATE")
            once = "SELECT 1 FROM events WHERE user = ? AND event_id = ?"
            if self._db.execute(once, (user, event_id)).fetchone():
                return None
            version = self._version(user) + 1
            self._db.execute("INSERT OR REPLACE INTO users VALUES (?, ?)", (user, version))
            self._db.execute(INSERT, _row(user, version, event_id, event))
            self._db.execute(
                "DELETE FROM events WHERE user = ? AND number <= ?", (user, version - MAX_EVENTS)
            )
            return version

    def _seed(self, name: str, histories: Mapping[str, Sequence[Event]]) -> int:
        with self._db:
            self._db.execute("BEGIN IMMEDIATE")
            if not self._db.execute("INSERT OR IGNORE INTO seeds VALUES (?)", (name,)).rowcount:
                return 0
            new = [user for user in histories if not self._version(user)]
            for user in new:
                kept = histories[user][-MAX_EVENTS:]
                self._db.execute("INSERT INTO users VALUES (?, ?)", (user, len(kept)))
                self._db.executemany(
                    INSERT, (_row(user, number, None, event) for number, event in enumerate(kept, start=1))
                )
            return len(new)

    def _version(self, user: str) -> int:
        found = self._db.execute("SELECT version FROM users WHERE user = ?", (user,)).fetchone()
        return int(found[0]) if found else 0


def _opened(file: Path) -> sqlite3.Connection:
    db = sqlite3.connect(file, timeout=BUSY_SECONDS, isolation_level=None)
    try:
        db.executescript(SCHEMA)
    except sqlite3.Error:
        db.close()
        raise
    file.chmod(0o600)
    return db


def _row(
    user: str, number: int, event_id: str | None, event: Event
) -> tuple[str, int, str | None, str, str, float, float | None]:
    return (user, number, event_id, event.item_id, event.kind, event.at, event.value)
