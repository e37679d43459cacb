"""Releases, free ports and a running server for the tests of serving/."""

import socket
from contextlib import ExitStack
from pathlib import Path

import pytest

from model.artifact import cache_folder
from serving.deploy import deploy
from serving.model_config import TargetConfig
from serving.runtime import launcher
from serving.runtime.server import ServerConfig, ServerPorts
from tests.releases import tiny_release
from tests.serving.container import own_podman

PROJECT = Path(__file__).parents[2]
# Two instances, so that requests can meet in different processes whatever machine this is.
EMBEDDED = TargetConfig.embedded(instances=2, threads=1)


def free_ports() -> ServerPorts:
    """Three ports that nothing listened on a moment ago."""
    with ExitStack() as open_sockets:
        numbers = []
        for _ in range(3):
            probe = open_sockets.enter_context(socket.socket())
            probe.bind(("127.0.0.1", 0))
            numbers.append(probe.getsockname()[1])
    return ServerPorts(http=numbers[0], grpc=numbers[1], metrics=numbers[2])


@pytest.fixture(scope="session")
def release(tmp_path_factory):
    """A tiny release that no test changes."""
    return tiny_release(tmp_path_factory.mktemp("release") / "tiny")


@pytest.fixture
def server_config(tmp_path):
    """A server of this test's own, not started."""
    return config_in(tmp_path / "server")


def config_in(folder: Path) -> ServerConfig:
    folder.mkdir()
    return ServerConfig(
        environment=PROJECT / ".rialto" / "environments" / "triton", folder=folder, ports=free_ports()
    )


@pytest.fixture
def started(server_config):
    """A running server of this test's own, without a model: (configuration, handle)."""
    handle = launcher.start(server_config)
    yield server_config, handle
    launcher.stop(handle)


@pytest.fixture(scope="session")
def served(tmp_path_factory, release):
    """The handle of a server that answers with `release`; shared, so tests only ask it."""
    config = config_in(tmp_path_factory.mktemp("served") / "server")
    handle = launcher.start(config)
    try:
        deploy(handle.control, config.repository, release, EMBEDDED)
        yield handle
    finally:
        launcher.stop(handle)


@pytest.fixture(scope="session")
def podman():
    """The storage of our images, with their base in it; the storage is the next run's too."""
    podman = own_podman(cache_folder() / "containers")
    podman.bring_debian()
    return podman
