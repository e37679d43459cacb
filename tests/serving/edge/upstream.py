"""A small real HTTP server that stands where Triton's HTTP port or the gateway would: it says what it was asked."""

import json
import threading
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

READY = {"/v2/models/recommend/ready", "/healthz"}


@dataclass
class Upstream:
    """What a server was asked, and how it answers: `status` for all that is no check of its health.

    With `seconds` it works on one request after the other, each for so long.
    """

    port: int = 0
    status: int = 200
    ready: bool = True
    hang_up: bool = False
    seconds: float = 0
    turn: threading.Lock = field(default_factory=threading.Lock)
    asked: Counter = field(default_factory=Counter)
    lengths: list[str | None] = field(default_factory=list)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # The answer's head and body go out together.
    wbufsize = -1

    def do_GET(self):
        upstream = self.server.upstream
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        path = self.path.partition("?")[0]
        if path in READY:
            return self._answer(200 if upstream.ready else 400, {})
        upstream.asked[path] += 1
        upstream.lengths.append(self.headers.get("content-length"))
        if upstream.hang_up:
            self.close_connection = True
            return None
        if upstream.seconds:
            with upstream.turn:
                time.sleep(upstream.seconds)
        said = {"path": self.path, "headers": dict(self.headers.items()), "length": len(body)}
        return self._answer(upstream.status, said)

    do_POST = do_GET

    def _answer(self, status, said):
        text = json.dumps(said).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)
        self.wfile.flush()

    def log_message(self, *_):
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # All callers of a test may connect at once.
    request_queue_size = 128
    # A reset by the edge is no fault of the test.
    handle_error = staticmethod(lambda *_: None)


@contextmanager
def upstream():
    """A server on a free port of loopback, for as long as the block runs."""
    server = _Server(("127.0.0.1", 0), _Handler)
    server.upstream = Upstream(port=server.server_port)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server.upstream
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
