import contextlib
import threading
import time

import numpy as np
import onnxruntime
import pytest

from serving.client import Client
from serving.deploy import deploy
from serving.failure import ServerError
from serving.history import History
from serving.transport import connect
from tests.releases import broken_release, tiny_release
from tests.serving.conftest import EMBEDDED

pytestmark = pytest.mark.triton

HISTORY = History(np.array([3, 4, 5]), np.array([9, 5, 1], np.float32))


class Traffic:
    """Asks both models without a pause from several connections, and keeps every answer and every failure."""

    def __init__(self, ports, connections=4):
        self.url = f"127.0.0.1:{ports.grpc}"
        self.answers, self.failures = [], []
        self.stopping = threading.Event()
        self.threads = [threading.Thread(target=self.ask) for _ in range(connections)]

    def ask(self):
        with Client.open("grpc", self.url) as client:
            while not self.stopping.is_set():
                try:
                    answer = client.recommend(HISTORY, 10)
                    client.predict(HISTORY, [1, 2, 3])
                    self.answers.append(tuple(answer.item_ids.tolist()))
                except ServerError as error:
                    self.failures.append(str(error))

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        self.wait_for_more()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        for thread in self.threads:
            thread.join()

    def wait_for_more(self, number=20):
        """Wait until `number` more answers have come."""
        wanted, deadline = len(self.answers) + number, time.monotonic() + 30
        while len(self.answers) < wanted:
            assert time.monotonic() < deadline, self.failures
            time.sleep(0.01)


def top_ten(handle) -> tuple[int, ...]:
    with Client.open("grpc", f"127.0.0.1:{handle.ports.grpc}") as client:
        return tuple(client.recommend(HISTORY, 10).item_ids.tolist())


def test_a_new_release_takes_over_under_traffic_without_one_failed_request(started, tmp_path):
    config, handle = started
    deploy(handle.control, config.repository, tiny_release(tmp_path / "0", seed=0), EMBEDDED)
    first = top_ten(handle)

    with Traffic(handle.ports) as traffic:
        for seed in (1, 2):
            version = deploy(
                handle.control, config.repository, tiny_release(tmp_path / str(seed), seed), EMBEDDED
            )
            assert version == seed + 1
            traffic.wait_for_more()

    assert traffic.failures == []
    last = top_ten(handle)
    assert traffic.answers[0] == first != last == traffic.answers[-1]


@pytest.mark.parametrize("graph", ["recommend.onnx", "predict.onnx"])
def test_a_broken_release_is_refused_under_traffic_and_the_former_one_goes_on(started, tmp_path, graph):
    config, handle = started
    good = tiny_release(tmp_path / "good")
    deploy(handle.control, config.repository, good, EMBEDDED)
    expected = top_ten(handle)

    with Traffic(handle.ports) as traffic:
        model = graph.removesuffix(".onnx")
        with pytest.raises(
            ServerError, match=rf"^Triton did not load {model}: .*Protobuf parsing failed"
        ) as refused:
            deploy(handle.control, config.repository, broken_release(tmp_path / "bad", 1, graph), EMBEDDED)
        traffic.wait_for_more()

    assert traffic.failures == []
    assert "\n" not in str(refused.value)
    assert traffic.answers[-1] == expected == top_ten(handle)
    assert handle.control.versions() == {"recommend": 1, "predict": 1}
    assert handle.control.ready()
    assert deploy(handle.control, config.repository, good, EMBEDDED) == 1


def test_a_broken_release_on_a_new_server_leaves_no_model_named(started, tmp_path):
    config, handle = started

    with pytest.raises(ServerError, match=r"^Triton did not load recommend"):
        deploy(handle.control, config.repository, broken_release(tmp_path / "bad"), EMBEDDED)

    assert handle.control.versions() == {}
    assert deploy(handle.control, config.repository, tiny_release(tmp_path / "good"), EMBEDDED) == 2
    assert handle.control.versions() == {"recommend": 2, "predict": 2}


def test_going_back_to_an_earlier_release_needs_no_new_version(started, tmp_path):
    config, handle = started
    releases = [tiny_release(tmp_path / str(seed), seed) for seed in (0, 1)]
    versions = []
    for release in (*releases, releases[0]):
        versions.append(deploy(handle.control, config.repository, release, EMBEDDED))
        assert handle.control.versions() == dict.fromkeys(("recommend", "predict"), versions[-1])
        with Client.open("http", f"127.0.0.1:{handle.ports.http}") as client:
            assert client.release.digest == release.digest

    assert versions == [1, 2, 1]


def test_a_text_encoder_is_served_beside_the_rest_and_goes_with_its_release(started, tmp_path):
    config, handle = started
    release = tiny_release(tmp_path / "text", text=True)
    url = f"127.0.0.1:{handle.ports.grpc}"
    token_ids = np.array([[2, 4]])

    deploy(handle.control, config.repository, release, EMBEDDED)

    assert handle.control.versions() == {"recommend": 1, "predict": 1, "encode": 1}
    with contextlib.closing(connect("grpc", url)) as transport:
        vector = transport.infer("encode", {"token_ids": token_ids})["vector"]
        with pytest.raises(ServerError, match="token_ids has 65 tokens; send 1 to 64"):
            transport.infer("encode", {"token_ids": np.ones((1, 65), np.int64)})
    session = onnxruntime.InferenceSession(release.file("encode.onnx"), providers=["CPUExecutionProvider"])
    np.testing.assert_allclose(vector, session.run(None, {"token_ids": token_ids})[0], rtol=1e-5)

    deploy(handle.control, config.repository, tiny_release(tmp_path / "plain", 1), EMBEDDED)

    assert handle.control.versions() == {"recommend": 2, "predict": 2}
