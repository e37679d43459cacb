"""A real Prometheus over a real Triton, edge and gateway, and a real Alertmanager behind it: a killed Triton calls
somebody, and its return tells them of the end.

Not here: NVIDIA's dcgm-exporter, which needs a card; a pager and a Slack, for which a server of the test stands; mail.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
import yaml

from infra.monitoring.rules import rule_groups
from serving.deploy import deploy
from serving.edge.config import GatewayUpstream, LimitConfig
from serving.runtime import launcher
from serving.runtime.server import ServerConfig, ServerHandle
from tests.infra.clone import free_ports
from tests.infra.monitoring.alertmanager import Called, ready, receivers, running_alertmanager, until, written
from tests.infra.monitoring.alertmanager import real as with_alertmanager
from tests.infra.monitoring.metric import ELSEWHERE, asked
from tests.releases import tiny_release
from tests.serving.conftest import EMBEDDED, config_in
from tests.serving.edge.estate import Edge, Estate, running, tritons
from tests.serving.edge.test_triton import INFER, JSON
from tests.serving.gateway.conftest import LOCAL, Running, running_gateway

PROMETHEUS = shutil.which("prometheus")
pytestmark = [
    pytest.mark.triton,
    pytest.mark.envoy,
    with_alertmanager,
    pytest.mark.skipif(PROMETHEUS is None, reason="prometheus is missing: apt-get install prometheus"),
]

# An hour is a minute, five minutes are five seconds; a loaded machine still scrapes twice in those.
SCALE = 1 / 60
RULES = rule_groups(queue_time_ms=20, gpu=False, scale=SCALE)
WAIT_SECONDS = 180


@dataclass
class Watched:
    """The stack, what is asked of it all the time, and who looks at it."""

    prometheus: httpx.Client
    edge: Edge
    gateway: Running
    config: ServerConfig
    release: object
    called: Called
    handles: list[ServerHandle] = field(default_factory=list)

    def query(self, expr: str) -> list[dict]:
        answer = self.prometheus.get("/api/v1/query", params={"query": expr}).json()
        assert answer["status"] == "success", answer
        return answer["data"]["result"]

    def firing(self) -> set[str]:
        return {each["metric"]["alertname"] for each in self.query('ALERTS{alertstate="firing"}')}

    def until(self, condition, about):
        deadline = time.monotonic() + WAIT_SECONDS
        while not condition():
            assert time.monotonic() < deadline, (about, self.firing())
            time.sleep(0.5)

    def start(self):
        self.handles.append(launcher.start(self.config))
        deploy(self.handles[-1].control, self.config.repository, self.release, EMBEDDED)

    def ask(self, done: threading.Event):
        """Triton itself and the gateway, through the edge; ever other lists, so that none is remembered."""
        headers = self.edge.bearer("model:recommend", "recommend", "search")
        with self.edge.client(headers=headers) as ask:
            k = 0
            while not done.wait(0.1):
                k += 1
                ask.post(INFER, json=JSON)
                user = f"household-{k % 8 + 1}"
                ask.get("/recommend", params={"user_id": user, "k": 1 + k % 100})


def configuration(scraped, alertmanager):
    jobs = [
        {"job_name": name, "metrics_path": path, "static_configs": [{"targets": [f"127.0.0.1:{port}"]}]}
        for name, (port, path) in scraped.items()
    ]
    return {
        "global": {
            "scrape_interval": "1s",
            "evaluation_interval": "1s",
            "external_labels": {"cluster": "test"},
        },
        "rule_files": ["rules.yml"],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [alertmanager]}]}]},
        "scrape_configs": jobs,
    }


@contextlib.contextmanager
def running_prometheus(folder: Path, scraped, alertmanager):
    (port,) = free_ports(1)
    folder.mkdir()
    (folder / "rules.yml").write_text(yaml.safe_dump(RULES))
    (folder / "prometheus.yml").write_text(yaml.safe_dump(configuration(scraped, alertmanager)))
    command = [PROMETHEUS, f"--config.file={folder / 'prometheus.yml'}"]
    command += [f"--storage.tsdb.path={folder / 'data'}", f"--web.listen-address=127.0.0.1:{port}"]
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


@pytest.fixture(scope="module")
def watched(tmp_path_factory):
    root = tmp_path_factory.mktemp("watched")
    estate = Estate.make(root / "estate")
    config, release = config_in(root / "server"), tiny_release(root / "release")
    done = threading.Event()
    with contextlib.ExitStack() as stack:
        called, port = stack.enter_context(receivers())
        watched = Watched(None, None, None, config, release, called)
        stack.callback(lambda: [launcher.stop(handle) for handle in watched.handles[-1:]])
        watched.start()
        ports = watched.config.ports
        address = f"127.0.0.1:{ports.grpc}"
        watched.gateway = stack.enter_context(running_gateway(root, address, watched.release.folder, *LOCAL))
        upstream = GatewayUpstream(host="127.0.0.1", port=watched.gateway.port)
        config = estate.config(tritons(ports.http), upstream, LimitConfig(address_per_second=1000))
        watched.edge = stack.enter_context(running(estate, config))
        (folder := root / "alertmanager").mkdir()
        hurried = written(folder, port, group_wait="1s", group_interval="1s")
        manager = stack.enter_context(running_alertmanager(folder, hurried)).base_url
        scraped = {
            "alertmanager": (manager.port, "/metrics"),
            "triton": (ports.metrics, "/metrics"),
            "edge": (config.metrics_port, "/stats/prometheus"),
            "gateway": (watched.gateway.port, "/metrics"),
        }
        watched.prometheus = stack.enter_context(
            running_prometheus(root / "prometheus", scraped, manager.netloc.decode())
        )
        asking = threading.Thread(target=watched.ask, args=(done,))
        asking.start()
        stack.callback(asking.join)
        stack.callback(done.set)
        yield watched


def test_every_metric_of_a_rule_or_a_panel_is_there(watched):
    wanted = asked() - ELSEWHERE.keys()

    def missing():
        return sorted(name for name in wanted if not watched.query(f"count({name})"))

    assert len(wanted) > 20
    watched.until(lambda: not missing(), missing())


def test_every_objective_has_a_figure_and_keeps_its_promise_while_all_is_well(watched):
    def figures():
        return {
            each["metric"]["slo"]: float(each["value"][1]) for each in watched.query("slo:error_ratio:rate5m")
        }

    watched.until(lambda: len([each for each in figures().values() if each >= 0]) == 5, figures())
    assert figures()["availability"] == 0


def test_a_killed_triton_calls_somebody_and_its_return_tells_them_of_the_end(watched):
    pages = {"AvailabilityBurnsFast", "FallbackBurnsFast"}
    watched.until(lambda: not pages & watched.firing(), "a quiet beginning")
    before = len(watched.called.calls)

    os.kill(watched.handles[-1].process.pid, signal.SIGKILL)
    watched.until(lambda: pages <= watched.firing(), "both alerts")
    watched.until(lambda: pages <= watched.called.pages("trigger", before), "both pages")
    launcher.stop(watched.handles[-1])
    watched.start()

    watched.until(lambda: not pages & watched.firing(), "the end of both")
    watched.until(lambda: pages <= watched.called.pages("resolve", before), "word of it")
    assert watched.query("sum(envoy_cluster_membership_healthy)")
