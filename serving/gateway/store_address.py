"""Opens the histories that a setting names."""

from __future__ import annotations

from pathlib import Path

from serving.gateway.redis_store import RedisHistories
from serving.gateway.sqlite_store import SqliteHistories
from serving.gateway.store import HistoryStore

__all__ = ["open_histories"]

REDIS_SCHEMES = ("redis://", "rediss://", "unix://")


def open_histories(url: str | None, state: Path) -> HistoryStore:
    """The Valkey or Redis at `url`, or the SQLite file in `state`; ValueError if the URL is of another kind."""
    if url is None:
        return SqliteHistories(state / "histories.sqlite")
    if not url.startswith(REDIS_SCHEMES):
        raise ValueError(
            f"histories is {url.partition('@')[2] or url}; name {', '.join(REDIS_SCHEMES)} or leave it out"
        )
    return RedisHistories(url)
