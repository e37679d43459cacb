"""A real Alertmanager on loopback with the file of the private cluster, and who is called by it: pager and Slack."""

import contextlib
import json
import shutil
import subprocess
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest
import yaml

from infra.monitoring.receiver import receiver_configuration
from tests.infra.clone import free_ports
from tests.infra.inference.estate import inference

ALERTMANAGER, AMTOOL = shutil.which("prometheus-alertmanager"), shutil.which("amtool")
real = pytest.mark.skipif(
    ALERTMANAGER is None or AMTOOL is None,
    reason="alertmanager is missing: apt-get install prometheus-alertmanager",
)
WAIT_SECONDS = 60
KEYS = {"pager-key": "a-key-of-the-pager", "mail-password": "a-password-of-the-mail"}


@dataclass
class Called:
    """What the pager and Slack were sent, in order: path and body."""

    calls: list[tuple[str, dict]] = field(default_factory=list)

    def pages(self, action: str, since: int = 0) -> set[str]:
        """The alerts that the pager was told of (`trigger`) or was told the end of (`resolve`), after so many calls."""
        bodies = [body for path, body in list(self.calls) if path == "/pager"]
        later = [body for path, body in self.calls[since:] if path == "/pager"]
        names = {
            each["dedup_key"]: each["payload"]["summary"].partition(" ")[0]
            for each in bodies
            if each["event_action"] == "trigger"
        }
        return {names[each["dedup_key"]] for each in later if each["event_action"] == action}


def written(folder, port=9, **route):
    """The file of `prod`, with its keys beside it, for a pager and a Slack at `port`; `route` hurries it."""
    keys = {**KEYS, "slack-url": f"http://127.0.0.1:{port}/slack"}
    for name, text in keys.items():
        (folder / name).write_text(text)
    config = receiver_configuration(inference().monitoring.receivers, str(folder))
    config["global"]["pagerduty_url"] = f"http://127.0.0.1:{port}/pager"
    for each in (config["route"], *config["route"]["routes"]):
        each.update(route)
    path = folder / "alertmanager.yml"
    path.write_text(yaml.safe_dump(config))
    return path


def amtool(*arguments):
    return subprocess.run([AMTOOL, *map(str, arguments)], capture_output=True, text=True, check=False)


@contextlib.contextmanager
def receivers():
    """Pager and Slack on one port of loopback: what they are sent, and the port."""
    called = Called()

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            called.calls.append((self.path, json.loads(body)))
            # PagerDuty answers with 202, Slack with 200 and "ok".
            self.send_response(202 if self.path == "/pager" else 200)
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Receiver) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield called, server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


@contextlib.contextmanager
def running_alertmanager(folder, config):
    """A client of an Alertmanager that runs with this file, alone."""
    (port,) = free_ports(1)
    command = [ALERTMANAGER, f"--config.file={config}", f"--storage.path={folder / 'data'}"]
    command += [f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address="]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=30) as ask:
            until(lambda: process.poll() is not None or ready(ask), (folder / "log").read_text)
            assert process.poll() is None, (folder / "log").read_text()
            yield ask
    finally:
        process.terminate()
        process.wait()


def ready(ask):
    try:
        return ask.get("/-/ready").status_code == 200
    except httpx.TransportError:
        return False


def until(condition, about):
    """Wait for it, a minute at most; `about` says what was there instead."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not condition():
        assert time.monotonic() < deadline, about()
        time.sleep(0.1)
