import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from serving.failure import ServerError
from serving.runtime.control import ServerControl
from tests.serving.conftest import free_ports


@pytest.fixture
def absent():
    """The control of a server that does not run."""
    return ServerControl(free_ports().http)


@pytest.fixture
def refusing():
    """The control of a server that answers 400 with a traceback to everything."""

    class Refusing(BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            body = (
                b'{"error": "load failed:\\n version 2: no graph\\n\\nAt:\\n  /model.py(43): initialize\\n"}'
            )
            self.send_response(400)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Refusing) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield ServerControl(server.server_port)
        server.shutdown()
        thread.join()


def test_a_server_that_is_not_there_is_not_ready(absent):
    assert not absent.ready()


def test_asking_a_server_that_is_not_there_is_one_line_with_the_remedy(absent):
    for ask in (absent.versions, lambda: absent.load("recommend")):
        with pytest.raises(
            ServerError, match=rf"^no server answers on port {absent.http_port} .*scripts/up$"
        ):
            ask()


def test_a_refused_load_gives_tritons_reason_in_one_line_and_no_traceback(refusing):
    with pytest.raises(
        ServerError, match=r"^Triton did not load recommend: load failed: version 2: no graph$"
    ):
        refusing.load("recommend")


def test_a_server_that_does_not_list_its_models_is_an_error(refusing):
    with pytest.raises(ServerError, match="does not list its models"):
        refusing.versions()
