"""The domain client against small real servers that refuse, break off and answer."""

import asyncio
import http.server
import inspect
import json
import subprocess
import sys
import threading
from contextlib import contextmanager

import pytest

from serving import shop_call
from serving.shop import AsyncShop, Shop
from serving.shop_call import ShopError
from tests.infra.clone import free_ports

ANSWER = {"user_id": "u", "item_id": "i", "recorded": True, "history_version": 1}
PROBLEM = {
    "type": "about:blank",
    "title": "Not Found",
    "status": 404,
    "detail": "item i is not in the catalogue",
}


@contextmanager
def server(*answers):
    """Answers requests with (status, body, headers) in turn, the last one again and again; None breaks off."""
    seen = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            seen.append((self.path, dict(self.headers), body))
            answer = answers[min(len(seen), len(answers)) - 1]
            if answer is None:
                self.close_connection = True
                return
            status, content, headers = answer
            text = json.dumps(content).encode()
            self.send_response(status)
            for name, value in {"content-length": str(len(text)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text)

        do_POST = do_GET

        def log_message(self, *args):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{running.server_port}", seen
        finally:
            running.shutdown()
            thread.join()


def sync_event(url, **options):
    with Shop(url, **options) as shop:
        return shop.happened("u", "i", "view")


def async_event(url, **options):
    async def story():
        async with AsyncShop(url, **options) as shop:
            return await shop.happened("u", "i", "view")

    return asyncio.run(story())


@pytest.fixture(params=[sync_event, async_event], ids=["sync", "async"])
def event(request, monkeypatch):
    monkeypatch.setattr(shop_call, "FIRST_PAUSE_SECONDS", 0.001)
    monkeypatch.setattr(shop_call, "LONGEST_PAUSE_SECONDS", 0.002)
    return request.param


@pytest.mark.parametrize(
    "trouble", [(503, {}, {"Retry-After": "1"}), (429, {}, {}), None], ids=["503", "429", "broken off"]
)
def test_a_call_is_tried_again_and_is_the_same_event(event, trouble):
    with server(trouble, trouble, (200, ANSWER, {})) as (url, seen):
        answer = event(url)

    assert answer.recorded
    sent = [json.loads(body) for _, _, body in seen]
    assert len(sent) == 3
    assert sent[0]["event_id"]
    assert sent[0] == sent[1] == sent[2]


def test_a_refusal_is_not_repeated_and_comes_in_the_apis_own_words(event):
    with server((404, PROBLEM, {})) as (url, seen), pytest.raises(ShopError) as error:
        event(url)

    assert str(error.value) == "/events was refused with 404: item i is not in the catalogue"
    assert (error.value.status, len(seen)) == (404, 1)


def test_trouble_that_stays_is_given_up_with_what_was_said(event):
    with server((503, {"detail": "come again"}, {})) as (url, seen), pytest.raises(ShopError) as error:
        event(url)

    assert str(error.value) == "/events was refused with 503: come again"
    assert len(seen) == shop_call.ATTEMPTS


def test_nobody_there_is_one_line(event):
    (port,) = free_ports(1)

    with pytest.raises(ShopError, match=r"^/events cannot be reached: ") as error:
        event(f"http://127.0.0.1:{port}")
    assert error.value.status is None


def test_a_token_is_shown_with_every_call(event):
    with server((200, ANSWER, {})) as (url, seen):
        event(url, token="t0ken")

    assert seen[0][1]["Authorization"] == "Bearer t0ken"


def test_pauses_grow_stay_below_the_longest_and_heed_the_server():
    lost = shop_call.httpx.ConnectError("gone")
    told = shop_call.httpx.Response(503, headers={"Retry-After": "1"})

    assert all(shop_call.pause(1, lost) <= 0.2 for _ in range(100))
    assert all(shop_call.pause(20, lost) <= 2 for _ in range(100))
    assert all(shop_call.pause(1, told) >= 1 for _ in range(100))
    assert shop_call.pause(1, shop_call.httpx.Response(503, headers={"Retry-After": "9999"})) <= 2


def test_both_clients_have_the_same_calls():
    public = {name for name, _ in inspect.getmembers(Shop, inspect.isfunction) if not name.startswith("_")}

    for name in public:
        assert inspect.signature(getattr(Shop, name)) == inspect.signature(getattr(AsyncShop, name)), name


def test_the_client_loads_no_data_frames_and_no_torch():
    script = "import sys, serving.shop; print(*{name.split('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert not {"torch", "pandas", "numpy", "tritonclient", "fastapi"} & set(done.stdout.split())
