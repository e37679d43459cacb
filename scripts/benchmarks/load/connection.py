"""A lean HTTP/1.1 caller: one request at a time on a connection that stays open.

Clients meant for people cost more core time a request than a fast server does; measured through one of
those, the FastAPI servers would look slower than they are.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

from serving.failure import ServerError
from serving.runtime.port import LOOPBACK

__all__ = ["Connection", "Pool", "RefusedError", "get_bytes", "request_bytes"]

HEAD_END = b"\r\n\r\n"
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
OK = b"HTTP/1.1 200 "
# Of the edge's certificate.
TLS_NAME = "localhost"
STATUS = slice(9, 12)
RETRY_AFTER = b"\r\nretry-after:"


class RefusedError(ServerError):
    """An answer that is not 200; `told` when to come again or not."""

    def __init__(self, head: bytes, body: bytes) -> None:
        super().__init__(head, body)
        self.status = int(head[STATUS])
        self.told = RETRY_AFTER in head.lower()

    def __str__(self) -> str:
        """The status line and the beginning of the body."""
        head, body = self.args
        return f"{head.splitlines()[0].decode(errors='replace')}: {body[:200]!r}"


def request_bytes(path: str, headers: Mapping[str, str], body: bytes) -> bytes:
    """A whole POST of `body` to `path`."""
    lines = [f"POST {path} HTTP/1.1", f"Host: {LOOPBACK}", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


def get_bytes(path: str, headers: Mapping[str, str]) -> bytes:
    """A whole GET of `path`."""
    lines = [
        f"GET {path} HTTP/1.1",
        f"Host: {TLS_NAME}",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    return "\r\n".join([*lines, "", ""]).encode()


class Connection(asyncio.Protocol):
    """One connection; `ask` again only after the answer."""

    def __init__(self) -> None:
        self._received = bytearray()
        self._waiting: asyncio.Future[bytes] | None = None
        self._transport: asyncio.Transport | None = None
        self._lost: ServerError | None = None

    @classmethod
    @asynccontextmanager
    async def to(cls, port: int, tls: ssl.SSLContext | None = None) -> AsyncIterator[Connection]:
        """Connect; ServerError if nothing listens."""
        loop = asyncio.get_running_loop()
        name = TLS_NAME if tls else None
        try:
            transport, connection = await loop.create_connection(
                cls, LOOPBACK, port, ssl=tls, server_hostname=name
            )
        except OSError as error:
            raise ServerError(f"no server answers on port {port} ({error})") from None
        try:
            yield connection
        finally:
            transport.close()

    def ask(self, request: bytes) -> asyncio.Future[bytes]:
        """Send a request; the future holds the body of a 200, or ServerError."""
        assert self._transport is not None
        assert self._waiting is None
        waiting = self._waiting = asyncio.get_running_loop().create_future()
        if self._lost:
            self._finish(self._lost)
        else:
            self._transport.write(request)
        return waiting

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """asyncio: the connection is there."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """asyncio: a part of the answer, often all of it."""
        self._received += data
        head_end = self._received.find(HEAD_END)
        if head_end < 0:
            return
        head = bytes(self._received[:head_end])
        length = LENGTH.search(head)
        if length is None:
            self._finish(ServerError("an HTTP answer has no Content-Length"))
            return
        start = head_end + len(HEAD_END)
        end = start + int(length[1])
        if len(self._received) < end:
            return
        body = bytes(self._received[start:end])
        del self._received[:end]
        self._finish(body if head.startswith(OK) else RefusedError(head, body))

    def connection_lost(self, error: Exception | None) -> None:
        """asyncio: the other side is gone."""
        self._lost = ServerError(f"the HTTP server closed the connection ({error or 'no reason given'})")
        self._finish(self._lost)

    def _finish(self, outcome: bytes | ServerError) -> None:
        waiting, self._waiting = self._waiting, None
        if waiting is None or waiting.done():
            return
        if isinstance(outcome, ServerError):
            waiting.set_exception(outcome)
        else:
            waiting.set_result(outcome)


class Pool:
    """Connections to the workers of one application: a call goes to the worker with the fewest under way.

    No balancer in front of the workers could share out better.
    """

    def __init__(self, connections: Sequence[Sequence[Connection]]) -> None:
        self._resting = [list(of_worker) for of_worker in connections]

    async def ask(self, request: bytes) -> bytes:
        """Ask on a free connection; there must be one."""
        resting = max(self._resting, key=len)
        connection = resting.pop()
        try:
            return await connection.ask(request)
        finally:
            resting.append(connection)
