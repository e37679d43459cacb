import json
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import replace
from http.client import HTTPConnection
from pathlib import Path

import pytest

from serving.deploy import deploy
from serving.failure import ServerError
from serving.runtime import launcher
from serving.runtime.process import mentioning
from serving.runtime.server import ServerHandle
from tests.serving.conftest import EMBEDDED, PROJECT

# 127.0.0.1 as /proc/net/tcp writes it, and the same inside an IPv6 socket, as gRPC opens it.
LOOPBACK = {"0100007F", "0000000000000000FFFF00000100007F"}
STUBS_PER_MODEL = EMBEDDED.instances
# A stub looks for its parent every few hundred milliseconds.
STUB_GRACE_SECONDS = 15


def leftovers(handle: ServerHandle) -> list[object]:
    """Everything that a start could leave: processes, shared memory, ports."""
    shared_memory = [path.name for path in Path("/dev/shm").glob(f"{handle.region}*")]
    return [*mentioning(handle.region), *shared_memory, *(port for port in ports(handle) if answers(port))]


def ports(handle: ServerHandle) -> list[int]:
    return list(handle.ports.by_key().values())


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def eventually(condition, seconds=STUB_GRACE_SECONDS) -> bool:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.1)
    return condition()


def test_a_missing_environment_is_one_line_with_the_remedy(server_config, tmp_path):
    with pytest.raises(ValueError, match=r"^no tritonserver in .*; run scripts/up, which installs it$"):
        launcher.start(replace(server_config, environment=tmp_path))


@pytest.mark.triton
def test_a_taken_port_is_refused_before_anything_starts(server_config):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", server_config.ports.grpc))
        taken.listen()
        with pytest.raises(
            ValueError, match=f"^grpc-port is {server_config.ports.grpc}, but another program"
        ):
            launcher.start(server_config)
    assert not server_config.log.exists()


def test_stopping_what_ended_long_ago_touches_nobody(server_config):
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as other:
        started = int(Path(f"/proc/{other.pid}/stat").read_text().rpartition(") ")[2].split()[19])
        handle = handle_of(server_config, pid=other.pid, started=started - 1)

        launcher.stop(handle)

        assert other.poll() is None
        other.kill()


def handle_of(server_config, pid: int, started: int) -> ServerHandle:
    noted = {
        "process": {"pid": pid, "started": started},
        "region": f"rialto_gone_{os.getpid()}_",
        "ports": {"http": server_config.ports.http, "grpc": server_config.ports.grpc, "metrics": 1},
    }
    (server_config.folder / "server.json").write_text(json.dumps(noted))
    return ServerHandle.read(server_config.folder)


def test_a_handle_is_read_as_it_was_written(server_config):
    handle = handle_of(server_config, pid=1, started=2)

    handle.write(server_config.folder)
    assert ServerHandle.read(server_config.folder) == handle


def test_a_folder_without_a_server_has_no_handle(tmp_path):
    assert ServerHandle.read(tmp_path) is None


@pytest.mark.triton
def test_a_started_server_answers_and_a_stopped_one_leaves_nothing(server_config, release):
    handle = launcher.start(server_config)
    deploy(handle.control, server_config.repository, release, EMBEDDED)

    assert handle.alive()
    assert ServerHandle.read(server_config.folder) == handle
    assert handle.control.versions() == {"recommend": 1, "predict": 1}
    assert len(mentioning(handle.region)) == 1 + 2 * STUBS_PER_MODEL
    launcher.stop(handle)
    assert not handle.alive()
    assert leftovers(handle) == []
    launcher.stop(handle)


@pytest.mark.triton
def test_the_server_listens_on_loopback_only_and_offers_no_cloud_endpoints(started):
    _, handle = started
    status = {}
    for path in ("/v2/health/ready", "/ping", "/v1/models", "/invocations"):
        connection = HTTPConnection("127.0.0.1", handle.ports.http, timeout=5)
        connection.request("GET", path)
        status[path] = connection.getresponse().status
        connection.close()

    # SageMaker and Vertex AI would have their own ports, 8080 each.
    assert status == {"/v2/health/ready": 200, "/ping": 404, "/v1/models": 404, "/invocations": 404}
    found = {port: address for port, address in listening() if port in ports(handle)}
    assert found.keys() == set(ports(handle))
    assert set(found.values()) <= LOOPBACK


def listening() -> list[tuple[int, str]]:
    """Port and address (as the kernel writes it) of every listening socket; state 0A is LISTEN."""
    rows = [
        line.split()
        for table in ("tcp", "tcp6")
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]
    ]
    return [(int(row[1].rpartition(":")[2], 16), row[1].rpartition(":")[0]) for row in rows if row[3] == "0A"]


@pytest.mark.triton
def test_metrics_have_latency_summaries_on_their_own_port(served):
    connection = HTTPConnection("127.0.0.1", served.ports.metrics, timeout=5)
    connection.request("GET", "/metrics")
    metrics = connection.getresponse().read().decode()
    connection.close()

    assert 'nv_inference_request_summary_us{model="recommend"' in metrics


@pytest.mark.triton
def test_the_server_outlives_the_program_that_started_it(server_config):
    script = f"""
from pathlib import Path
from serving.runtime import launcher
from serving.runtime.server import ServerConfig, ServerPorts
launcher.start(ServerConfig(environment=Path({str(server_config.environment)!r}),
    folder=Path({str(server_config.folder)!r}), ports={server_config.ports!r}))
"""
    subprocess.run([sys.executable, "-c", script], cwd=PROJECT, check=True)
    handle = ServerHandle.read(server_config.folder)
    try:
        assert handle.alive()
        assert handle.control.ready()
        parent = int(Path(f"/proc/{handle.process.pid}/stat").read_text().rpartition(") ")[2].split()[1])
        assert parent != os.getpid()
    finally:
        launcher.stop(handle)


@pytest.mark.triton
def test_a_second_start_in_the_same_folder_is_refused(started):
    config, handle = started

    with pytest.raises(ValueError, match=rf"runs already \(process {handle.process.pid}\); stop it first$"):
        launcher.start(config)
    assert handle.control.ready()


@pytest.mark.triton
def test_python_stubs_end_by_themselves_after_a_kill_of_the_server(started, release):
    config, handle = started
    deploy(handle.control, config.repository, release, EMBEDDED)

    os.kill(handle.process.pid, signal.SIGKILL)

    assert eventually(lambda: leftovers(handle) == []), leftovers(handle)


@pytest.mark.triton
def test_a_start_after_a_kill_cleans_up_and_serves_the_same_version(started, release):
    config, killed = started
    deploy(killed.control, config.repository, release, EMBEDDED)
    os.kill(killed.process.pid, signal.SIGKILL)
    assert eventually(lambda: not killed.alive())

    handle = launcher.start(config)
    try:
        # At once: not after the grace that stubs take to notice.
        assert mentioning(killed.region) == []
        assert deploy(handle.control, config.repository, release, EMBEDDED) == 1
        assert handle.control.versions() == {"recommend": 1, "predict": 1}
    finally:
        launcher.stop(handle)
    assert leftovers(handle) == leftovers(killed) == []


@pytest.mark.triton
def test_stopping_takes_stubs_with_it_whose_server_was_killed_a_moment_ago(started, release):
    config, handle = started
    deploy(handle.control, config.repository, release, EMBEDDED)
    os.kill(handle.process.pid, signal.SIGKILL)

    launcher.stop(handle)

    assert leftovers(handle) == []


@pytest.mark.triton
def test_a_server_that_ends_while_starting_says_why_and_leaves_nothing(server_config, tmp_path):
    environment = tmp_path / "environment"
    (environment / "bin").mkdir(parents=True)
    server = environment / "bin" / "tritonserver"
    server.write_text("#!/bin/sh\nsleep 0.3\necho 'E1123 model.cc] \"no such luck\"' >&2\nexit 1\n")
    server.chmod(0o755)

    with pytest.raises(
        ServerError, match=r"^tritonserver ended while starting: .*no such luck.*; see .*\.log$"
    ):
        launcher.start(replace(server_config, environment=environment))
    assert leftovers(ServerHandle.read(server_config.folder)) == []
