"""The `local` stack with the real engine and a real Triton."""

import json
import os
import re
import signal
import socket
import subprocess
import sys

import pytest

from model.artifact import Artifact
from serving.runtime.note import ProcessNote
from tests.infra.clone import PROJECT, errors, free_triton_ports
from tests.infra.local.traffic import traffic

pytestmark = [pytest.mark.engine, pytest.mark.triton, pytest.mark.envoy]

README = (PROJECT / "README.md").read_text()
RELEASE = "pulumi-python:dynamic/local:Release"
SERVER = "pulumi-python:dynamic/local:TritonServer"
# An edit that makes every release fail to load.
INITIALIZE = "    def initialize(self, args: dict[str, str]) -> None:\n"
NO_LUCK = f'{INITIALIZE}        raise RuntimeError("no luck")\n'


def next_seed(clone) -> int:
    return clone.settings()["release"]["seed"] + 1


def kept(resource: dict) -> dict:
    """What the engine keeps of a resource, but for its dependencies, which are in no order."""
    return {key: resource[key] for key in ("urn", "id", "inputs", "outputs", "created", "modified")}


def releases(clone) -> set[str]:
    return {path.name for path in (clone.cache / "releases").iterdir() if not path.name.startswith(".")}


def test_up_ends_with_the_endpoints_the_release_and_its_quality(stack):
    outputs = stack.outputs()
    port, inside, metrics = (stack.settings()["edge"][key] for key in ("port", "inside-port", "metrics-port"))

    assert outputs["endpoints"] == {
        "api": f"https://localhost:{port}",
        "grpc": f"localhost:{port}",
        "inside": f"127.0.0.1:{inside}",
        "metrics": f"http://127.0.0.1:{metrics}/stats/prometheus",
    }
    assert outputs["health"] == "ready"
    assert outputs["recipe"] == "smoke"
    assert "NDCG@10" in (stack.folder / outputs["quality"]).read_text()
    served = Artifact.load(stack.folder / ".rialto" / "local" / "release")
    assert served.digest == outputs["release"]


def test_the_client_finds_server_and_release_by_itself(stack):
    done = subprocess.run(
        [sys.executable, "-m", "serving.client", "recommend", "--user", "7", "--k", "5"],
        cwd=stack.folder,
        env=stack.environment,
        capture_output=True,
        text=True,
    )

    assert done.returncode == 0, done.stderr
    assert "recommended to user 7" in done.stdout


def test_a_second_up_changes_nothing(stack):
    before = kept(stack.state(SERVER)), kept(stack.state(RELEASE))

    done = stack.up("--expect-no-changes")

    assert done.returncode == 0, done.stdout
    assert (kept(stack.state(SERVER)), kept(stack.state(RELEASE))) == before


def test_the_state_holds_nothing_of_this_machine_but_the_process(stack):
    for resource in (stack.state(SERVER), stack.state(RELEASE)):
        held = {**resource["inputs"], **resource["outputs"]}
        assert not [key for key, value in held.items() if str(value).startswith("/")]
        assert len(held["__provider"]) < 200


def test_a_preview_shows_that_another_recipe_trains_anew_and_trains_nothing(stack):
    known = releases(stack)
    stack.choose(release={"seed": next_seed(stack)})

    done = stack.pulumi("preview", "--stack", "local")

    stack.choose(release={"seed": next_seed(stack) - 2})
    assert re.search(rf"\+- {RELEASE} \S+ replace \[diff: ~seed\]", done.stdout), done.stdout
    assert re.search(rf"~ +{SERVER} \S+ update \[diff: ~build,release\]", done.stdout), done.stdout
    assert releases(stack) == known


def test_a_new_release_is_served_without_one_failed_request(stack):
    before, server = stack.outputs()["release"], stack.server
    stack.choose(release={"seed": next_seed(stack)})

    with traffic(stack.inside_port, stack.inside_port) as seen:
        done = stack.up()

    assert done.returncode == 0, done.stdout
    assert seen.failures == []
    assert len(seen.answers) == 2, f"callers should have met both versions: {seen.answers}"
    assert min(seen.answers.values()) > 10
    assert stack.outputs()["release"] != before
    assert stack.server == server


def test_other_threads_are_loaded_without_a_restart(stack):
    server = stack.server
    stack.choose(triton={"threads": 2})

    with traffic(stack.inside_port, stack.inside_port) as seen:
        done = stack.up()

    assert done.returncode == 0, done.stdout
    assert seen.failures == []
    assert stack.server == server
    assert stack.up("--expect-no-changes").returncode == 0


def test_a_killed_server_is_back_after_up_with_refresh(stack):
    killed = stack.server
    os.kill(killed.process.pid, signal.SIGKILL)

    done = stack.up("--refresh")

    assert done.returncode == 0, done.stdout
    assert stack.outputs()["health"] == "ready"
    assert set(stack.control.versions()) == {"recommend", "predict"}
    assert stack.server.process != killed.process


def test_a_release_that_fails_its_gate_fails_the_update_and_leaves_the_server_alone(stack):
    server, release = stack.server, stack.outputs()["release"]

    gate = stack.edited("model/compress/quantize.py", "MIN_KEPT_SHARE = 0.0", "MIN_KEPT_SHARE = 2.0")

    with gate, traffic(stack.inside_port, stack.inside_port) as seen:
        done = stack.up()

    assert done.returncode != 0
    (line,) = errors(done)
    assert re.search(r"int8 NDCG@10 on validation is 0\.\d+, fp32 0\.\d+: .* below the gate of 200%", line)
    assert seen.failures == []
    assert len(seen.answers) == 1
    assert stack.server == server
    assert stack.up("--expect-no-changes").returncode == 0
    assert stack.outputs()["release"] == release


def test_a_release_that_does_not_load_leaves_the_former_one_answering(stack):
    versions = stack.control.versions()
    broken = stack.edited("serving/runtime/model.py", INITIALIZE, NO_LUCK)

    with broken, traffic(stack.inside_port, stack.inside_port) as seen:
        done = stack.up()

    assert done.returncode != 0
    (line,) = errors(done)
    assert "no luck" in line
    assert seen.failures == []
    assert stack.control.versions() == versions
    assert stack.up("--expect-no-changes").returncode == 0


def test_a_taken_port_is_one_line_with_key_and_remedy_and_the_server_stays(stack):
    server, chosen = stack.server, stack.settings()["triton"]
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        stack.choose(triton={"http-port": taken})

        done = stack.up()

    stack.choose(triton=chosen)
    (line,) = errors(done)
    assert f"triton.http-port is {taken}, but another program listens there" in line
    assert "choose another" in line
    assert stack.server == server
    assert server.control.ready()


def test_one_other_port_moves_the_servers_and_those_they_keep_are_not_in_the_way(stack):
    chosen = stack.settings()["triton"]
    other = free_triton_ports(2, beside=stack.ports)["http-port"]
    stack.choose(triton={"http-port": other})

    done = stack.up()

    assert done.returncode == 0, done.stdout
    assert stack.server.ports.http == other
    assert stack.server.ports.grpc == chosen["grpc-port"]
    assert stack.outputs()["health"] == "ready"


def test_an_unknown_setting_is_one_line_with_the_key_that_was_meant(stack):
    server = stack.server
    text = stack.stack_file.read_text()
    stack.choose(triton={"htp-port": 8000})

    done = stack.up()

    stack.stack_file.write_text(text)
    assert done.returncode != 0
    assert errors(done)[0] == (
        "error: stacks/Pulumi.local.yaml: settings.triton.htp-port is not a setting; did you mean http-port?"
    )
    assert "Traceback" not in done.stdout
    assert server.control.ready()


def test_other_ports_are_a_new_server_and_the_old_one_ends(stack):
    old, old_ports = stack.server, stack.ports
    ports = free_triton_ports(2, beside=stack.ports)
    stack.choose(triton=ports)

    with traffic(stack.inside_port, stack.inside_port) as seen:
        done = stack.up()

    assert done.returncode == 0, done.stdout
    assert done.stdout.index("created replacement") < done.stdout.index("deleting original")
    assert seen.failures == []
    assert not old.alive()
    assert stack.server.ports.http == ports["http-port"]
    assert stack.control.ready()
    assert not set(old_ports[:6]) & set(stack.ports)


def test_a_caller_with_a_token_is_answered_through_the_edge_and_one_without_is_not(stack):
    """The README's own lines, at this stack's port and for a shopper that it knows."""
    lines = next(text for text in re.findall(r"```sh\n(.*?)```", README, re.DOTALL) if "edge.token" in text)
    lines = lines.replace(":8443", f":{stack.settings()['edge']['port']}").replace("user_id=42", "user_id=7")

    def said(script):
        command = ["bash", "-ec", script]
        return subprocess.run(
            command, cwd=stack.folder, env=stack.environment, capture_output=True, text=True
        )

    answer = json.loads(said(lines).stdout)
    assert answer["model"] == stack.outputs()["release"]
    assert len(answer["items"]) == 5
    assert json.loads(said(lines.replace("Bearer", "")).stdout)["error"] == "Jwt is missing"


def test_another_key_is_believed_after_up_without_one_failed_request(stack):
    edge = stack.edge
    believed = (stack.local / "keys" / "jwks.json").read_text()
    rotate = [sys.executable, "-m", "serving.edge.token", "--rotate"]
    subprocess.run(rotate, cwd=stack.folder, env=stack.environment, capture_output=True, check=True)

    with traffic(stack.inside_port, stack.inside_port) as seen:
        done = stack.up()

    assert done.returncode == 0, done.stdout
    assert seen.failures == []
    assert stack.edge == edge
    assert (stack.local / "keys" / "jwks.json").read_text() != believed
    assert stack.up("--expect-no-changes").returncode == 0


def test_one_of_two_tritons_may_be_killed_and_up_brings_it_back(stack):
    killed = stack.server
    with traffic(stack.inside_port, stack.inside_port) as seen:
        os.kill(killed.process.pid, signal.SIGKILL)
        done = stack.up("--refresh")

    assert done.returncode == 0, done.stdout
    assert seen.failures == []
    assert stack.server.process != killed.process


def test_a_killed_edge_and_gateway_are_back_after_up_with_refresh(stack):
    gateway = ProcessNote.read(stack.local / "gateway")
    for process in (stack.edge.process, gateway.process):
        os.kill(process.pid, signal.SIGKILL)

    done = stack.up("--refresh")

    assert done.returncode == 0, done.stdout
    assert stack.outputs()["health"] == "ready"
    assert stack.edge.alive()
    assert stack.up("--expect-no-changes").returncode == 0


def test_destroy_after_a_failed_update_and_a_killed_server_leaves_nothing(stack):
    stack.choose(release={"seed": 0})
    with stack.edited("serving/runtime/model.py", INITIALIZE, NO_LUCK):
        assert stack.up().returncode != 0
    os.kill(stack.server.process.pid, signal.SIGKILL)

    done = stack.destroy()

    assert done.returncode == 0, done.stdout
    assert stack.left_running() == []
    # What users did and what they were answered is not the stack's to forget.
    assert sorted(path.name for path in stack.local.iterdir()) == ["gateway", "release.log"]
    assert len(releases(stack)) > 1


def test_a_first_up_that_cannot_load_its_release_leaves_no_process(clone):
    assert clone.destroy().returncode == 0

    with clone.edited("serving/runtime/model.py", INITIALIZE, NO_LUCK):
        done = clone.up()

    (line,) = errors(done)
    assert "no luck" in line
    assert clone.left_running() == []


def test_destroy_of_a_running_stack_leaves_no_process_and_no_port(stack):
    assert stack.server.alive()

    done = stack.destroy()

    assert done.returncode == 0, done.stdout
    assert stack.left_running() == []
