"""The bridge as a test can break it: a proxy on loopback that carries, refuses, swallows, or stops half-way.

It speaks TLS in AWS's place, for rclone streams what it sends over TLS only.
"""

import asyncio
import ssl
import subprocess
import threading
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

CHUNK_BYTES = 1 << 16


class Wire:
    """Leads from a port of its own to a server; `state` is up, refusing or hanging, at once and for what is open."""

    def __init__(self, server: str, folder: Path) -> None:
        self.certificate, key = folder / "wire.pem", folder / "wire.key"
        _self_signed(self.certificate, key)
        self._tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._tls.load_cert_chain(self.certificate, key)
        self._target = urlsplit(server)
        self._loop = asyncio.new_event_loop()
        self._open: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self._thread = threading.Thread(target=self._loop.run_forever)
        self.port = 0
        self.carried = 0
        self.said = b""
        self.carries: float = float("inf")

    @property
    def endpoint(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    def up(self) -> None:
        """Carry everything."""
        self.carries, self.carried = float("inf"), 0
        self._do(self._listen())

    def hang(self, after: int = 0) -> None:
        """Carry so many more bytes towards the server, then swallow what comes, as a dead tunnel does."""
        self.carried, self.carries = 0, after

    def refuse(self) -> None:
        """Close what is open and take no more."""
        self._do(self._close())

    @contextmanager
    def running(self):
        self._thread.start()
        try:
            self.up()
            yield self
        finally:
            self.refuse()
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()

    def _do(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()

    async def _listen(self):
        if self._server is None:
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, ssl=self._tls)
            self.port = self._server.sockets[0].getsockname()[1]

    async def _close(self):
        if self._server is not None:
            self._server.close()
            self._server = None
        for writer in list(self._open):
            writer.transport.abort()
        while self._open:
            await asyncio.sleep(0.01)

    async def _serve(self, reader, writer):
        ends = [writer]
        self._open.add(writer)
        try:
            there, back = await asyncio.open_connection(self._target.hostname, self._target.port)
            ends.append(back)
            self._open.add(back)
            await asyncio.gather(self._pump(reader, back, True), self._pump(there, writer, False))
        except OSError:
            pass
        finally:
            for each in ends:
                each.transport.abort()
                self._open.discard(each)

    async def _pump(self, reader, writer, counted):
        while chunk := await reader.read(CHUNK_BYTES):
            if counted:
                self.carried += len(chunk)
                self.said += chunk
            if self.carried > self.carries:
                continue
            writer.write(chunk)
            await writer.drain()
        writer.transport.abort()


def _self_signed(certificate: Path, key: Path) -> None:
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
    ]
    subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    files = ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*command, *subject, *files], check=True, capture_output=True)
