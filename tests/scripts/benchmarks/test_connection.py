import asyncio
import json
from contextlib import asynccontextmanager

import pytest

from scripts.benchmarks.load.connection import Connection, Pool, RefusedError, request_bytes
from serving.failure import ServerError

ANSWER = b"HTTP/1.1 200 OK\r\nServer: x\r\ncontent-length: 5\r\n\r\nhello"


@asynccontextmanager
async def serving(*pieces: bytes):
    """A server that answers every request with `pieces`, sent apart; it yields its port and what it read."""
    received, answering = [], []

    async def answer(reader, writer):
        answering.append(asyncio.current_task())
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = int(head.lower().partition(b"content-length: ")[2].split()[0])
                received.append(head + await reader.readexactly(length))
                for piece in pieces:
                    writer.write(piece)
                    await writer.drain()
                    await asyncio.sleep(0.01)
                if not pieces:
                    break
        except asyncio.IncompleteReadError:
            pass
        writer.close()
        await writer.wait_closed()

    try:
        async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
            yield server.sockets[0].getsockname()[1], received
    finally:
        await asyncio.gather(*answering)


def asked(*pieces: bytes, times: int = 1):
    async def ask():
        async with serving(*pieces) as (port, received), Connection.to(port) as connection:
            return [
                await connection.ask(request_bytes("/recommend", {"X-Kind": "test"}, b'{"k":1}'))
                for _ in range(times)
            ], received

    return asyncio.run(ask())


def test_a_request_is_whole_http_and_the_answer_is_its_body():
    (body,), (received,) = asked(ANSWER)

    head, _, sent = received.partition(b"\r\n\r\n")
    assert head.startswith(b"POST /recommend HTTP/1.1\r\nHost: ")
    assert b"\r\nX-Kind: test" in head
    assert json.loads(sent) == {"k": 1}
    assert body == b"hello"


def test_a_connection_stays_open_for_the_next_request():
    bodies, received = asked(ANSWER, times=3)

    assert bodies == [b"hello"] * 3
    assert len(received) == 3


def test_an_answer_may_arrive_in_pieces():
    assert asked(ANSWER[:9], ANSWER[9:50], ANSWER[50:], times=2)[0] == [b"hello"] * 2


def test_anything_but_200_is_a_failure_with_the_servers_reason():
    with pytest.raises(ServerError, match=r"^HTTP/1\.1 422 Unprocessable.*k is 0"):
        asked(b"HTTP/1.1 422 Unprocessable\r\nContent-Length: 6\r\n\r\nk is 0")


@pytest.mark.parametrize(("header", "told"), [(b"", False), (b"retry-after: 1\r\n", True)])
def test_a_refusal_has_its_status_and_whether_it_says_when_to_come_again(header, told):
    with pytest.raises(RefusedError) as caught:
        asked(b"HTTP/1.1 503 Service Unavailable\r\n" + header + b"Content-Length: 0\r\n\r\n")

    assert (caught.value.status, caught.value.told) == (503, told)


def test_a_server_that_hangs_up_is_a_failure():
    with pytest.raises(ServerError, match="closed the connection"):
        asked()


def test_a_connection_that_was_closed_while_it_rested_fails_at_once():
    async def ask():
        async with serving(ANSWER) as (port, _), Connection.to(port) as connection:
            await connection.ask(request_bytes("/", {}, b""))
            connection._transport.close()
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            async with asyncio.timeout(5):
                await connection.ask(request_bytes("/", {}, b""))

    with pytest.raises(ServerError, match="closed the connection"):
        asyncio.run(ask())


def test_nobody_there_is_one_line():
    async def ask():
        async with serving() as (port, _):
            pass
        async with Connection.to(port):
            pass

    with pytest.raises(ServerError, match=r"^no server answers on port \d+ "):
        asyncio.run(ask())


def test_a_call_goes_to_the_worker_with_the_fewest_under_way():
    class Slow:
        def __init__(self, name):
            self.name = name

        async def ask(self, request):
            await asyncio.sleep(request)
            return self.name

    async def ask():
        pool = Pool([[Slow("a"), Slow("a")], [Slow("b"), Slow("b")]])
        first = asyncio.create_task(pool.ask(1))
        await asyncio.sleep(0)
        # `a` is busy for a second, so the next three find it in use.
        quick = [await pool.ask(0) for _ in range(3)]
        first.cancel()
        return quick

    assert asyncio.run(ask()) == ["b"] * 3
