"""One contract, held by both stores: SQLite, and what many gateways share, before a real Valkey and a real Redis."""

import asyncio
import sqlite3

import pytest

from serving.gateway import redis_store, sqlite_store
from serving.gateway.event import Event
from serving.gateway.store import HistoryStoreError
from serving.gateway.store_address import open_histories

BOUGHT = Event("a", "purchase", 1000.5)
RATED = Event("b", "rating", 2000.0, 4.0)


@pytest.fixture(
    params=["sqlite", *(pytest.param(name, marks=pytest.mark.redis) for name in ("valkey", "redis"))]
)
def store(request, tmp_path):
    """`store(story)` runs `await story(histories)` with a store that is empty at first."""
    url = None if request.param == "sqlite" else request.getfixturevalue(f"{request.param}_url")

    def run(story):
        async def whole():
            histories = open_histories(url, tmp_path)
            try:
                return await story(histories)
            finally:
                await histories.close()

        return asyncio.run(whole())

    return run


def test_somebody_unknown_has_no_events_and_version_0(store):
    async def story(histories):
        return await histories.read("nobody", 10)

    assert store(story).events == []
    assert store(story).version == 0


def test_what_was_added_is_read_in_order_with_a_growing_version(store):
    async def story(histories):
        versions = [await histories.append("user", event, event.item_id) for event in (BOUGHT, RATED)]
        await histories.append("other", BOUGHT, "x")
        return versions, await histories.read("user", 10)

    versions, read = store(story)
    assert versions == [1, 2]
    assert list(read.events) == [BOUGHT, RATED]
    assert read.version == 2


def test_only_the_newest_events_are_read(store):
    async def story(histories):
        for number in range(5):
            await histories.append("user", Event(str(number), "view", float(number)), str(number))
        return await histories.read("user", 2)

    read = store(story)
    assert [event.item_id for event in read.events] == ["3", "4"]
    assert read.version == 5


def test_what_a_store_holds_outlives_the_gateway(store):
    async def write(histories):
        await histories.append("user", BOUGHT, "1")

    store(write)

    assert list(store(lambda histories: histories.read("user", 10)).events) == [BOUGHT]


def test_an_event_sent_twice_counts_once(store):
    async def story(histories):
        first = await histories.append("user", BOUGHT, "the same")
        second = await histories.append("user", BOUGHT, "the same")
        other_user = await histories.append("other", BOUGHT, "the same")
        return first, second, other_user, await histories.read("user", 10)

    first, second, other_user, read = store(story)
    assert (first, second, other_user) == (1, None, 1)
    assert len(read.events) == 1


def test_old_events_make_room(store, monkeypatch):
    for module in (redis_store, sqlite_store):
        monkeypatch.setattr(module, "MAX_EVENTS", 3)

    async def story(histories):
        for number in range(6):
            await histories.append("user", Event(str(number), "view", float(number)), str(number))
        return await histories.read("user", 100)

    read = store(story)
    assert [event.item_id for event in read.events] == ["3", "4", "5"]
    assert read.version == 6


def test_seeding_adds_who_is_unknown_and_never_changes_who_is_known(store):
    async def story(histories):
        await histories.append("known", BOUGHT, "1")
        added = await histories.seed("recording", {"known": [RATED], "new": [BOUGHT, RATED]})
        again = await histories.seed("recording", {"late": [BOUGHT]})
        later = await histories.seed("another recording", {"new": [BOUGHT], "late": [BOUGHT]})
        users = [await histories.read(user, 10) for user in ("known", "new", "late")]
        return (added, again, later), users

    counts, (known, new, late) = store(story)
    assert counts == (1, 0, 1)
    assert list(known.events) == [BOUGHT]
    assert (list(new.events), new.version) == ([BOUGHT, RATED], 2)
    assert list(late.events) == [BOUGHT]


def test_writers_at_the_same_time_lose_nothing(store):
    async def story(histories):
        await asyncio.gather(
            *(histories.append("user", Event(str(n), "view", float(n)), str(n)) for n in range(50))
        )
        return await histories.read("user", 100)

    read = store(story)
    assert {event.item_id for event in read.events} == {str(n) for n in range(50)}
    assert read.version == 50


def test_a_file_that_another_process_holds_is_an_error_and_not_a_wait(tmp_path):
    async def story():
        histories = open_histories(None, tmp_path)
        other = sqlite3.connect(tmp_path / "histories.sqlite", isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        try:
            with pytest.raises(
                HistoryStoreError, match=r"^the histories cannot be used: database is locked$"
            ):
                await histories.append("user", BOUGHT, "1")
        finally:
            other.close()
            await histories.close()

    asyncio.run(story())


def test_a_file_that_is_no_database_is_one_line(tmp_path):
    (tmp_path / "histories.sqlite").write_text("not a database" * 100)

    with pytest.raises(
        HistoryStoreError, match=r"histories\.sqlite cannot be opened: file is not a database$"
    ):
        open_histories(None, tmp_path)


def test_a_store_of_another_kind_is_refused_without_showing_its_password(tmp_path):
    with pytest.raises(
        ValueError, match=r"^histories is host; name redis://, rediss://, unix:// or leave it out$"
    ):
        open_histories("mysql://user:secret@host", tmp_path)


@pytest.mark.redis
def test_a_redis_that_is_gone_is_one_line(tmp_path):
    async def story():
        histories = open_histories("redis://127.0.0.1:1", tmp_path)
        try:
            for ask in (histories.read("user", 1), histories.append("user", BOUGHT, "1"), histories.check()):
                with pytest.raises(
                    HistoryStoreError, match=r"^the histories cannot be used: .*127\.0\.0\.1:1"
                ):
                    await ask
        finally:
            await histories.close()

    asyncio.run(story())
