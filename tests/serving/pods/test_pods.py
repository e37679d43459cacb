"""The pods that `dev` declares for the private cloud, run: each in a network namespace of its own, as real containers.

What differs from the cluster: podman keeps the pods, not Kubernetes (play.py says what it does not take of them); the
images are ours, built here, so Triton's is the one for cores and Envoy's the wheel's; Debian's Redis stands for Valkey;
names come from a file instead of DNS; a test's authority stands for cert-manager; nothing enforces network policies.
"""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest

from infra.settings.inference import InferenceSettings
from model.artifact import cache_folder
from scripts.containers.podman import DEBIAN, PROJECT, Podman
from serving.edge.signing import AUDIENCE, ISSUER, KeyRing
from serving.publish import publish
from tests.infra.bridge.stores import KEY, private_store
from tests.infra.inference.estate import chosen, edge, gateway, on_openstack, triton
from tests.manifests import manifests, of_kind
from tests.releases import tiny_release
from tests.serving.container import MARKS, build, own_podman
from tests.serving.pods.authority import Authority
from tests.serving.pods.network import Network, missing, network
from tests.serving.pods.play import playing, pod, write

pytestmark = [
    *MARKS,
    pytest.mark.skipif(bool(missing()), reason=f"pods need namespaces: {missing()}"),
]

# Pods by name, with the kind of what makes them and the name by which others call them.
PODS = {
    "triton-1": ("Deployment", "triton"),
    "triton-2": ("Deployment", "triton"),
    "histories": ("StatefulSet", "histories"),
    "gateway": ("StatefulSet", "gateway"),
    "edge": ("Deployment", ""),
}
READY_SECONDS = 90
TRAFFIC_SECONDS = 15
EVENT = {"user_id": "somebody", "item_id": "900010", "event": "purchase", "event_id": "the-only-one"}
RECOMMEND = "/v2/models/recommend/infer"
TENSORS = {
    "inputs": [
        {"name": "history_ids", "shape": [1, 2], "datatype": "INT64", "data": [1, 2]},
        {"name": "history_ages", "shape": [1, 2], "datatype": "FP32", "data": [1, 2]},
        {"name": "exclude_seen", "shape": [1, 1], "datatype": "BOOL", "data": [False]},
        {"name": "k", "shape": [1, 1], "datatype": "INT64", "data": [5]},
    ]
}
STORE = f"""\
FROM {DEBIAN}
RUN apt-get update && apt-get install --yes --no-install-recommends redis-server \
    && ln -s /usr/bin/redis-server /usr/local/bin/valkey-server && ln -s /usr/bin/redis-cli /usr/local/bin/valkey-cli
"""


@dataclass(frozen=True)
class Cloud:
    """The running pods, and a caller beside them."""

    podman: Podman
    network: Network
    host: str
    ca: Path
    ring: KeyRing
    digest: str

    def calling(
        self, path: str, scope: str, body: dict | None = None, seconds: float = 0
    ) -> subprocess.Popen[str]:
        """A caller who asks again and again; without `seconds`, once. With a `body`, by POST."""
        token = self.ring.token("shop", [scope], timedelta(hours=1))
        said = [path, str(seconds), json.dumps(body) if body else ""]
        arguments = [self.network.pods["edge"], self.host, str(self.ca), token, *said]
        command = [*self.network.inside(), sys.executable, "-m", "tests.serving.pods.caller", *arguments]
        return subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True)

    def ask(self, path: str, scope: str, body: dict | None = None) -> tuple[int, dict]:
        """One answer: status and body."""
        (answer,) = answers(self.calling(path, scope, body))
        return answer

    def number(self, container: str) -> int:
        """The process of a container, as this machine counts."""
        return int(self.podman.done("inspect", "--format", "{{.State.Pid}}", container))

    def logs(self) -> str:
        """What every container said last."""
        names = self.podman.done("ps", "--all", "--format", "{{.Names}}").split()
        said = {
            name: self.podman("logs", "--tail", "15", name) for name in names if not name.endswith("-infra")
        }
        return "\n".join(f"== {name}\n{each.stdout}{each.stderr}" for name, each in said.items())


def answers(caller):
    out, _ = caller.communicate()
    return [tuple(json.loads(line)) for line in out.splitlines()]


@pytest.fixture(scope="module")
def images(podman, tmp_path_factory):
    """Images of ours by those that are declared."""
    file = tmp_path_factory.mktemp("store") / "Containerfile"
    file.write_text(STORE)
    podman.build(file, "localhost/rialto-test-store")
    inference = chosen("dev")["inference"]
    declared = {
        "triton": inference["triton"]["image"],
        "fetch": inference["fetch-image"],
        "edge": inference["edge"]["image"],
        "gateway": inference["gateway"]["image"],
    }
    made = {f"{each['name']}:{each['tag']}": build(podman, name) for name, each in declared.items()}
    store = inference["gateway"]["histories"]["image"]
    return {
        **made,
        "envoy:1": made_of(made, "envoy"),
        f"{store['name']}:{store['tag']}": "localhost/rialto-test-store",
    }


def made_of(made, word):
    (found,) = [image for name, image in made.items() if word in name]
    return found


@pytest.fixture(scope="module")
def cloud(podman, images, tmp_path_factory):
    """Every pod of the private cloud, answering; two of Triton."""
    root = tmp_path_factory.mktemp("cloud")
    ring, authority = KeyRing(root / "keys"), Authority()
    jwks = ring.jwks()
    (key,) = json.loads(jwks)["keys"]
    settings = chosen("dev")["inference"]
    settings["edge"]["tokens"] = {
        "issuer": ISSUER,
        "audience": AUDIENCE,
        "keys": {key["kid"]: {"x": key["x"], "y": key["y"]}},
    }
    settings = InferenceSettings.model_validate(settings)
    release = tiny_release(root / "release")
    (root / "store" / "releases").mkdir(parents=True)
    publish(release, f"file://{root}/store/releases")
    ca = root / "ca.crt"
    ca.write_text(authority.ca)
    with ExitStack() as stack:
        net = stack.enter_context(network(list(PODS)))
        endpoint = stack.enter_context(private_store(root / "store", net.middle, net.inside()))
        private = on_openstack(endpoint, KEY)
        objects = [
            *manifests(triton("openstack", settings, release.digest, private)),
            *manifests(gateway(settings, release.digest, private)),
            *manifests(edge("openstack", settings)),
        ]
        hosts = root / "hosts"
        hosts.write_text(_hosts(net))
        mine = own_podman(cache_folder() / "containers", hosts)
        ring.believed(jwks)
        cloud = Cloud(mine, net, settings.edge.host, ca, ring, release.digest)
        objects += map(authority.secret, of_kind(objects, "Certificate"))
        files = {name: root / f"{name}.yaml" for name in PODS}
        stack.enter_context(playing(mine, list(files.values())))
        for name, (kind, _) in PODS.items():
            write(files[name], pod(objects, kind, name, images, root))
            replace(mine, inside=tuple(net.inside(name))).done("kube", "play", "--network=host", files[name])
        _wait(cloud)
        yield cloud


def _hosts(net):
    """What DNS of the cluster says: the pods behind each name, and the caller's name."""
    lines = ["127.0.0.1 localhost"]
    lines += [f"{net.pods[pod]} {name}.rialto.svc" for pod, (_, name) in PODS.items() if name]
    return "".join(f"{line}\n" for line in lines)


def _wait(cloud):
    """Until an event was kept, which the gateway does with nobody's help but the store's, and Triton answers."""
    until = time.monotonic() + READY_SECONDS
    while True:
        kept = cloud.ask("/events", "events", EVENT)
        asked = cloud.ask(RECOMMEND, "model:recommend", TENSORS)
        if (kept[0], asked[0]) == (200, 200):
            return
        assert time.monotonic() < until, f"{kept} {asked}\n{cloud.logs()}"
        time.sleep(0.5)


def test_after_an_event_the_model_of_the_pinned_release_answers_through_the_edge(cloud):
    status, body = cloud.ask("/recommend?user_id=somebody&k=3", "recommend")

    assert (status, body["fallback"], len(body["items"])) == (200, False, 3)
    assert (body["model"], body["history_events"]) == (cloud.digest, 1)


def test_nobody_gets_in_without_the_scope(cloud):
    status, _ = cloud.ask("/recommend?user_id=somebody&k=3", "events")

    assert status == 403


def test_a_killed_triton_costs_no_request_and_is_back(cloud):
    before = cloud.number("triton-1-triton")
    caller = cloud.calling(RECOMMEND, "model:recommend", TENSORS, seconds=TRAFFIC_SECONDS)
    time.sleep(TRAFFIC_SECONDS / 3)
    os.kill(before, signal.SIGKILL)
    found = answers(caller)

    assert len(found) > 100
    assert {status for status, _ in found} == {200}
    assert cloud.number("triton-1-triton") not in (0, before)
    probe = (
        "import urllib.request; print(urllib.request.urlopen('http://127.0.0.1:8000/v2/health/ready').status)"
    )
    command = [*cloud.network.inside("triton-1"), sys.executable, "-c", probe]
    assert subprocess.run(command, capture_output=True, text=True).stdout == "200\n"
