import socket

import pytest

from infra.local import certificates, server
from infra.local import triton as module
from model.artifact import release_store
from serving.model_config import TargetConfig
from serving.runtime import control, launcher
from serving.runtime.server import ServerHandle
from tests.infra.clone import free_ports, listening
from tests.releases import broken_release, tiny_release
from tests.stopping import stopped

PORTS = {"http_port": 8000, "grpc_port": 8001, "metrics_port": 8002}
STATE = {
    **PORTS,
    "threads": 1,
    "instances": 2,
    "folder": ".rialto/local",
    "release": "sha256:1",
    "build": "b",
    "runtime": "r",
    "backend": "k",
    "health": "ready",
    "version": 1,
    "process": {},
    "authority": "a",
    "copies": 1,
}


@pytest.fixture
def provider():
    return module._TritonProvider()


@pytest.fixture
def props(tmp_path, monkeypatch):
    """A server of this test's own: its folder, its ports, its release."""
    monkeypatch.setenv("RIALTO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(server, "PROJECT", tmp_path)
    monkeypatch.setattr(certificates, "PROJECT", tmp_path)
    release = tiny_release(release_store() / "b")
    certificates._renewed({"folder": STATE["folder"]})
    ports = dict(zip(PORTS, free_ports(3), strict=True))
    return {**STATE, **ports, "release": release.digest, "instances": 1} | {"process": None}


def test_an_unchanged_server_is_left_alone(provider):
    diff = provider.diff("id", STATE, dict(STATE))

    assert (diff.changes, diff.replaces) == (False, [])


@pytest.mark.parametrize("key", ["release", "instances", "threads", "backend"])
def test_what_is_loaded_is_loaded_into_the_running_server(provider, key):
    diff = provider.diff("id", STATE, {**STATE, key: "other"})

    assert (diff.changes, diff.replaces) == (True, [])


def test_other_ports_are_a_server_started_before_the_old_one_ends(provider):
    diff = provider.diff("id", STATE, {**STATE, "http_port": 1, "grpc_port": 2, "metrics_port": 3})

    assert sorted(diff.replaces) == ["grpc_port", "http_port", "metrics_port"]
    assert not diff.delete_before_replace


@pytest.mark.parametrize(
    "moved",
    [
        {"metrics_port": 9000},
        {"http_port": 8001, "grpc_port": 8000},
        {"runtime": "other"},
    ],
)
def test_a_server_that_needs_a_port_of_the_old_one_waits_for_its_end(provider, moved):
    diff = provider.diff("id", STATE, {**STATE, **moved})

    assert sorted(diff.replaces) == sorted(moved)
    assert diff.delete_before_replace


def test_a_server_that_was_seen_unwell_is_mended(provider):
    diff = provider.diff("id", {**STATE, "health": "does not answer"}, dict(STATE))

    assert (diff.changes, diff.replaces) == (True, [])


def test_check_fills_the_cores_and_adds_what_the_server_is_made_with(provider, props):
    chosen = {key: value for key, value in props.items() if key not in {"instances", "runtime", "backend"}}

    inputs = provider.check({}, chosen).inputs

    assert inputs["instances"] == TargetConfig.embedded(threads=1).instances
    assert inputs["runtime"]
    assert inputs["backend"]


def test_a_taken_port_fails_the_preview_with_key_value_and_remedy(provider, props):
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        (failure,) = provider.check({}, {**props, "grpc_port": float(taken)}).failures

    assert failure.reason.startswith(f"triton.grpc-port is {taken}, but another program listens there")
    assert failure.reason.endswith("stop it or choose another triton.grpc-port")


def test_the_ports_of_the_server_itself_are_not_taken(provider, props):
    with socket.create_server(("127.0.0.1", 0)) as own:
        now = {**props, "grpc_port": own.getsockname()[1]}

        assert provider.check(now, now).failures == []


def test_the_link_to_the_release_goes_with_the_last_server(props):
    new = {**props, "http_port": 1}
    for each in (props, new):
        config = server.config_of(each)
        config.folder.mkdir(parents=True)
    (config.folder.parent / "release").symlink_to(config.folder)

    server.remove(props)
    assert (config.folder.parent / "release").is_symlink()

    server.remove(new)
    assert [path.name for path in config.folder.parent.iterdir()] == ["certificates"]


def test_a_server_of_before_there_were_edges_is_replaced(provider):
    before = {key: value for key, value in STATE.items() if key not in ("authority", "copies")}
    diff = provider.diff("id", before, dict(STATE))

    assert (diff.replaces, diff.delete_before_replace) == (["authority"], True)


@pytest.mark.triton
def test_a_server_that_a_killed_update_left_is_ended_by_the_next_one(provider, props):
    left = server.start(props)

    created = provider.create(props)

    assert not left.alive()
    assert created.outs["health"] == server.READY
    provider.delete(created.id, created.outs)
    assert not any(listening(props[key]) for key in PORTS)


@pytest.mark.triton
def test_a_server_is_ended_by_its_state_when_its_folder_was_lost(provider, props):
    created = provider.create(props)
    noted = server.config_of(props).folder / "server.json"
    handle = ServerHandle.read(noted.parent)
    noted.unlink()

    provider.delete(created.id, created.outs)

    assert not handle.alive()


@pytest.mark.triton
def test_create_leaves_no_process_when_the_release_does_not_load(provider, props):
    broken = broken_release(release_store() / "broken")

    with pytest.raises(RuntimeError, match="Triton did not load"):
        provider.create({**props, "release": broken.digest, "build": "broken"})

    assert not ServerHandle.read(server.config_of(props).folder).alive()
    assert not any(listening(props[key]) for key in PORTS)


@pytest.mark.triton
def test_a_silent_server_is_seen_by_refresh_and_started_again_by_update(provider, props, monkeypatch):
    monkeypatch.setattr(control, "HEALTH_TIMEOUT_SECONDS", 1)
    monkeypatch.setattr(launcher, "DRAIN_SECONDS", 1)
    created = provider.create(props)
    silent = ServerHandle.read(server.config_of(props).folder)
    try:
        with stopped(silent.process.pid):
            seen = provider.read(created.id, created.outs)
            mended = provider.update(created.id, seen.outs, props)
    finally:
        launcher.stop(silent)

    assert seen.outs["health"] == server.NO_ANSWER
    assert mended.outs["health"] == server.READY
    assert mended.outs["process"] != created.outs["process"]
    provider.delete(created.id, mended.outs)
