"""The edge's image, built from its Containerfile and run as the pods run it: nobody's user, a root nobody can write."""

import json
import os
import ssl
import time
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from infra.inference.edge_pod import SCRATCH
from serving.edge.bootstrap import BOOTSTRAP, files, whole
from serving.edge.config import GatewayUpstream
from tests.serving.container import AS_IT_IS, MARKS, build
from tests.serving.edge.estate import Estate, tritons

pytestmark = MARKS

ENVOY = ["--disable-hot-restart", "--concurrency", "1", "--log-level", "warning"]


@pytest.fixture(scope="module")
def image(podman):
    return build(podman, "edge")


@pytest.fixture
def config(tmp_path):
    """An edge's configuration and files, which the pods' user may read."""
    # pytest makes its folders for their owner alone.
    for parent in [tmp_path, *list(tmp_path.parents)[:2]]:
        parent.chmod(0o755)
    estate = Estate.make(tmp_path / "estate")
    paths = {"admin_socket": f"{SCRATCH}/admin.sock", "access_log": "/dev/stdout"}
    # Nobody listens there: what is asked is refused before.
    gateway = GatewayUpstream(host="127.0.0.1", port=9)
    config = replace(estate.config(tritons(9), gateway), **paths)
    folder = Path(config.folder)
    folder.mkdir()
    for name, content in {**files(config), "whole.json": whole(config)}.items():
        (folder / name).write_text(json.dumps(content))
    for path in (estate.root, *estate.root.rglob("*")):
        os.chown(path, 1000, 1000)
    return config


def _mounted(config):
    return f"--volume={Path(config.folder).parent}:{Path(config.folder).parent}:ro"


def test_the_edges_image_takes_our_configuration_and_refuses_one_that_is_wrong(podman, image, config):
    wrong = Path(config.folder) / "wrong.json"
    whole_text = (Path(config.folder) / "whole.json").read_text()
    wrong.write_text(whole_text.replace('"listeners"', '"hearers"', 1))
    wrong.chmod(0o644)
    started = ["run", *AS_IT_IS, _mounted(config), image, "--mode", "validate", "-c"]

    taken = podman(*started, str(Path(config.folder) / "whole.json"))
    refused = podman(*started, str(wrong))

    assert taken.returncode == 0, taken.stderr
    assert "OK" in taken.stdout
    assert refused.returncode != 0
    assert "hearers" in refused.stderr


def test_the_edges_image_answers_as_nobody_and_lets_nobody_in_without_a_token(podman, image, config):
    bootstrap = str(Path(config.folder) / BOOTSTRAP)
    container = podman.done(
        "run", "--detach", *AS_IT_IS, _mounted(config), image, "--config-path", bootstrap, *ENVOY
    )
    try:
        while True:
            try:
                ready = httpx.get(f"http://127.0.0.1:{config.metrics_port}/ready", trust_env=False)
            except httpx.TransportError:
                assert podman.done("inspect", "--format", "{{.State.Running}}", container) == "true"
                time.sleep(0.2)
            else:
                break
        ca = str(Path(config.folder).parent / "authority" / "ca.crt")
        url = f"https://localhost:{config.port}/recommend?user_id=1"
        stranger = httpx.get(url, verify=ssl.create_default_context(cafile=ca), trust_env=False)
        user = podman.done("inspect", "--format", "{{.Config.User}}", container)
    finally:
        podman.done("stop", container)

    assert (ready.status_code, stranger.status_code, user) == (200, 401, "1000:1000")


def test_the_edges_image_is_envoy_and_the_c_library(podman, image):
    place = Path(podman.done("image", "mount", image))
    try:
        programs = {
            path.relative_to(place).as_posix()
            for path in place.rglob("*")
            if path.is_file() and path.stat().st_mode & 0o111 and ".so" not in path.name
        }
        privileged = [path for path in place.rglob("*") if path.is_file() and path.stat().st_mode & 0o6000]
    finally:
        podman.done("image", "unmount", image)

    assert programs == {"usr/local/bin/envoy"}
    assert privileged == []
