"""A real Envoy before two real Tritons: who may ask which model, what cannot hurt them, and what one's death costs."""

import os
import signal
import threading
import time
from collections import Counter
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import grpc
import httpx
import numpy as np
import pytest
import tritonclient.grpc
from tritonclient.grpc import service_pb2
from tritonclient.utils import InferenceServerException, np_to_triton_dtype

from serving.deploy import deploy
from serving.edge.config import TritonUpstream
from serving.model_config import TargetConfig
from serving.runtime import launcher
from serving.runtime.server import ServerConfig, ServerHandle
from tests.releases import tiny_release
from tests.serving.conftest import config_in
from tests.serving.edge.estate import Edge, Estate, running
from tests.serving.edge.test_limits import head, raw, status
from tests.stopping import stopped

pytestmark = [pytest.mark.envoy, pytest.mark.triton]

INFER = "/v2/models/recommend/infer"
ONE_INSTANCE = TargetConfig.embedded(instances=1)
KILLS = 2
BETWEEN_KILLS = 400
WAIT_SECONDS = 60
TENSORS = {
    "history_ids": np.array([[3, 5]], np.int64),
    "history_ages": np.array([[2, 1]], np.float32),
    "exclude_seen": np.array([[True]]),
    "k": np.array([[5]], np.int64),
}
JSON = {
    "inputs": [
        {
            "name": name,
            "datatype": np_to_triton_dtype(value.dtype),
            "shape": list(value.shape),
            "data": value.ravel().tolist(),
        }
        for name, value in TENSORS.items()
    ]
}


@dataclass
class Pair:
    """Two Tritons that take gRPC only from the edge, and the edge."""

    edge: Edge
    configs: list[ServerConfig]
    handles: list[ServerHandle]
    release: object

    def grpc(self, **options) -> tritonclient.grpc.InferenceServerClient:
        return tritonclient.grpc.InferenceServerClient(
            f"localhost:{self.edge.config.port}",
            ssl=True,
            root_certificates=str(self.edge.estate.ca),
            **options,
        )

    def start(self, number):
        handle = launcher.start(self.configs[number])
        self.handles[number : number + 1] = [handle]
        deploy(handle.control, self.configs[number].repository, self.release, ONE_INSTANCE)

    def wait_until_both_are_in_service(self):
        names = r"^cluster.triton-(http|grpc).membership_healthy$"
        deadline = time.monotonic() + WAIT_SECONDS
        while (healthy := sum(self.edge.handle.admin.counters(names).values())) < 4:
            assert time.monotonic() < deadline, healthy
            time.sleep(0.05)


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    root = tmp_path_factory.mktemp("pair")
    estate = Estate.make(root / "estate")
    configs = [
        replace(config_in(root / name), certificates=estate.root / "triton") for name in ("one", "two")
    ]
    pair = Pair(None, configs, [], tiny_release(root / "release"))
    try:
        for number in range(2):
            pair.start(number)
        servers = [
            TritonUpstream(host="127.0.0.1", http_port=config.ports.http, grpc_port=config.ports.grpc)
            for config in configs
        ]
        with running(estate, estate.config(servers)) as pair.edge:
            yield pair
    finally:
        for handle in pair.handles:
            launcher.stop(handle)


def inputs():
    made = []
    for name, value in TENSORS.items():
        made.append(tritonclient.grpc.InferInput(name, value.shape, np_to_triton_dtype(value.dtype)))
        made[-1].set_data_from_numpy(value)
    return made


def message(model):
    """A request for `model` as it stands on the wire."""
    request = service_pb2.ModelInferRequest(model_name=model)
    for name, value in TENSORS.items():
        request.inputs.add(name=name, datatype=np_to_triton_dtype(value.dtype), shape=value.shape)
        request.raw_input_contents.append(value.tobytes())
    return request.SerializeToString()


@contextmanager
def wire(pair):
    """Call ModelInfer with any bytes: `call(bytes, scope)` gives the answering model or gRPC's code."""
    credentials = grpc.ssl_channel_credentials(pair.edge.estate.ca.read_bytes())
    with grpc.secure_channel(f"localhost:{pair.edge.config.port}", credentials) as channel:
        method = channel.unary_unary(
            "/inference.GRPCInferenceService/ModelInfer",
            request_serializer=bytes,
            response_deserializer=service_pb2.ModelInferResponse.FromString,
        )

        def call(sent, *scopes, **options):
            metadata = [*pair.edge.bearer(*scopes).items()] if scopes else []
            try:
                return method(sent, metadata=metadata, timeout=30, **options).model_name
            except grpc.RpcError as error:
                return error.code()

        yield call


def test_both_protocols_answer_alike(pair):
    bearer = pair.edge.bearer("model:recommend")
    with pair.edge.client() as client:
        answer = client.post(INFER, json=JSON, headers=bearer).json()
    over_http = next(each["data"] for each in answer["outputs"] if each["name"] == "item_ids")
    with closing(pair.grpc()) as client:
        over_grpc = client.infer("recommend", inputs(), headers=bearer).as_numpy("item_ids")

    assert over_grpc[0].tolist() == over_http


def test_the_gateway_beside_the_edge_needs_no_token_and_no_certificate(pair):
    with closing(
        tritonclient.grpc.InferenceServerClient(f"127.0.0.1:{pair.edge.config.inside_port}")
    ) as client:
        assert client.infer("recommend", inputs()).as_numpy("item_ids").shape == (1, 5)
        assert client.get_model_config("recommend").config.name == "recommend"
        with pytest.raises(InferenceServerException, match="there is nothing here"):
            client.get_model_repository_index()


def test_nobody_asks_triton_itself_over_grpc_without_the_edges_certificate(pair):
    server = f"localhost:{pair.configs[0].ports.grpc}"
    ca = str(pair.edge.estate.ca)
    for options in ({}, {"ssl": True, "root_certificates": ca}):
        stranger = closing(tritonclient.grpc.InferenceServerClient(server, **options))
        with stranger as client, pytest.raises(InferenceServerException):
            client.infer("recommend", inputs(), client_timeout=5)


def test_a_grpc_caller_may_ask_the_models_of_his_scopes_only(pair):
    with wire(pair) as call:
        for model, other in (("recommend", "predict"), ("predict", "recommend")):
            assert call(message(model), f"model:{other}") is grpc.StatusCode.PERMISSION_DENIED
        assert call(message("recommend"), "model:recommend") == "recommend"
        assert call(message("recommend"), "recommend") is grpc.StatusCode.PERMISSION_DENIED
        assert call(message("recommend")) is grpc.StatusCode.UNAUTHENTICATED
        assert call(message("other"), "model:recommend") is grpc.StatusCode.PERMISSION_DENIED


def test_a_model_named_twice_is_the_one_that_triton_reads(pair):
    other = service_pb2.ModelInferRequest(model_name="predict").SerializeToString()
    with wire(pair) as call:
        assert call(message("recommend") + other, "model:recommend") is grpc.StatusCode.PERMISSION_DENIED
        assert call(other + message("recommend"), "model:recommend") == "recommend"
        assert call(other + message("recommend"), "model:predict") is grpc.StatusCode.PERMISSION_DENIED


def test_what_the_edge_cannot_read_does_not_pass(pair):
    with wire(pair) as call:
        packed = call(message("recommend"), "model:recommend", compression=grpc.Compression.Gzip)
        assert packed is grpc.StatusCode.INVALID_ARGUMENT
        for junk in (b"", b"\xff" * 20, b"\x0a\x7f"):
            assert call(junk, "model:recommend") in (
                grpc.StatusCode.INVALID_ARGUMENT,
                grpc.StatusCode.PERMISSION_DENIED,
            )


@pytest.mark.parametrize("shape", [[1, 2**62], [1, 2**61], [2**32, 2**32], [1, -1], [1, 0], [1, 10**6]])
def test_a_shape_without_its_data_does_not_reach_a_model_over_grpc(pair, shape):
    request = service_pb2.ModelInferRequest.FromString(message("recommend"))
    request.inputs[0].shape[:] = shape
    request.raw_input_contents[0] = b""
    with wire(pair) as call:
        refused = call(request.SerializeToString(), "model:recommend")
        assert refused is grpc.StatusCode.PERMISSION_DENIED
        assert call(message("recommend"), "model:recommend") == "recommend"


def test_grpc_health_needs_no_token_and_control_does_not_exist(pair):
    bearer = pair.edge.bearer("model:recommend", "model:predict")
    credentials = grpc.ssl_channel_credentials(pair.edge.estate.ca.read_bytes())
    with grpc.secure_channel(f"localhost:{pair.edge.config.port}", credentials) as channel:
        check = channel.unary_unary("/grpc.health.v1.Health/Check", request_serializer=bytes)
        # Field 1 is 1: SERVING.
        assert check(b"", timeout=30) == b"\x08\x01"
    with closing(pair.grpc()) as client:
        assert client.is_model_ready("recommend", headers=bearer)
        for control in (
            client.get_model_repository_index,
            client.get_inference_statistics,
            client.get_trace_settings,
        ):
            with pytest.raises(InferenceServerException, match="there is nothing here"):
                control(headers=bearer)
        with pytest.raises(InferenceServerException, match="there is nothing here"):
            client.unload_model("recommend", headers=bearer)
    assert [handle.control.versions() for handle in pair.handles] == [{"recommend": 1, "predict": 1}] * 2


def test_600_000_one_byte_chunks_do_not_kill_triton(pair):
    with raw(pair) as connection:
        connection.sendall(head(pair.edge.bearer("model:recommend"), **{"transfer-encoding": "chunked"}))
        for _ in range(600):
            connection.sendall(b"1\r\n \r\n" * 1000)
        connection.sendall(b"0\r\n\r\n")
        assert status(connection) == 400
    assert all(handle.control.ready() for handle in pair.handles)


def spoiled(name, **changes):
    return {"inputs": [{**each, **changes} if each["name"] == name else each for each in JSON["inputs"]]}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[" * 10,
        b"\x00\xff",
        b'{"inputs": 3}',
        b'{"inputs": [NaN]}',
        {},
        {"inputs": []},
        {"inputs": JSON["inputs"][:2]},
        {"inputs": JSON["inputs"] * 2},
        {**JSON, "outputs": [{"name": "nothing"}]},
        spoiled("k", data=[0]),
        spoiled("k", data=[-1]),
        spoiled("k", data=[10**12]),
        spoiled("k", data=[10**30]),
        spoiled("k", data=["five"]),
        spoiled("k", data=[]),
        spoiled("k", datatype="FP32"),
        spoiled("k", datatype="INT4711"),
        spoiled("k", shape=[1, -1]),
        spoiled("k", shape=[-1, -1]),
        spoiled("k", shape=[1, 2**62]),
        spoiled("k", shape=[2**32, 2**32]),
        spoiled("history_ids", shape=[9_999_999, 9_999_999]),
        spoiled("history_ids", shape=[1, 999_999_999]),
        {**JSON, "parameters": {"priority": -1}},
        {**JSON, "outputs": [{"name": "item_ids", "parameters": {"classification": -1}}]},
        spoiled("history_ids", shape=[1, 3]),
        spoiled("history_ids", shape=[]),
        spoiled("history_ids", data=[[3], [5]]),
        spoiled("history_ids", data={"a": 1}),
        spoiled("history_ids", data=[10**12, -5]),
        spoiled("history_ages", data=[1e39, -1e39]),
        spoiled("history_ages", data=[None, 1]),
        spoiled("history_ids", parameters={"shared_memory_region": "x", "shared_memory_byte_size": 16}),
    ],
    ids=lambda body: str(body)[:60],
)
def test_no_request_is_a_fault_of_the_server(pair, body):
    content = {"content": body} if isinstance(body, bytes) else {"json": body}
    with pair.edge.client() as client:
        answer = client.post(INFER, headers=pair.edge.bearer("model:recommend"), **content)

    # 413 and 415 are other tests'; 404 is a shared memory that nobody made.
    assert answer.status_code in (200, 400, 404), answer.text
    assert "Traceback" not in answer.text
    assert "/" not in answer.json().get("error", "")
    assert all(handle.alive() for handle in pair.handles)


class Callers:
    """Counts what callers are answered, over both protocols."""

    def __init__(self, pair):
        self.pair, self.good, self.bad, self.stopped = pair, 0, [], threading.Event()
        self.bearer = pair.edge.bearer("model:recommend")

    def over_http(self):
        with self.pair.edge.client() as client:
            while not self.stopped.is_set():
                self.note(lambda: client.post(INFER, json=JSON, headers=self.bearer).raise_for_status())

    def over_grpc(self):
        with closing(self.pair.grpc()) as client:
            while not self.stopped.is_set():
                self.note(lambda: client.infer("recommend", inputs(), headers=self.bearer, client_timeout=30))

    def note(self, ask):
        try:
            ask()
            self.good += 1
        except (httpx.HTTPError, InferenceServerException) as error:
            self.bad.append(str(error))

    def more(self, number):
        wanted, deadline = self.good + number, time.monotonic() + WAIT_SECONDS
        while self.good < wanted and time.monotonic() < deadline:
            time.sleep(0.01)
        assert self.good >= wanted, self.bad[:5]


@contextmanager
def callers(pair):
    seen = Callers(pair)
    threads = [threading.Thread(target=ask) for ask in (seen.over_http, seen.over_grpc) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        yield seen
    finally:
        seen.stopped.set()
        for thread in threads:
            thread.join(WAIT_SECONDS)


def test_a_kill_of_one_of_two_tritons_costs_no_request(pair):
    """Shortened: two kills and some thousand requests; `RIALTO_KILLS=5` and more make it the full length."""
    kills = int(os.environ.get("RIALTO_KILLS", KILLS))
    between = int(os.environ.get("RIALTO_REQUESTS_BETWEEN_KILLS", BETWEEN_KILLS))
    with callers(pair) as seen:
        for number in range(kills):
            seen.more(between)
            os.kill(pair.handles[number % 2].process.pid, signal.SIGKILL)
            seen.more(between)
            pair.start(number % 2)
            pair.wait_until_both_are_in_service()
        seen.more(between)

    print(f"{seen.good} answered, {len(seen.bad)} failed, {kills} kills")
    assert Counter(seen.bad) == {}


def test_a_hung_triton_costs_time_but_no_request(pair):
    process = pair.handles[0].process
    with callers(pair) as seen:
        seen.more(50)
        with stopped(process.pid):
            seen.more(100)
        seen.more(50)

    assert Counter(seen.bad) == {}


def test_the_log_of_the_edge_is_its_owners_only(pair):
    folder = Path(pair.edge.config.folder)
    assert folder.stat().st_mode & 0o077 == 0
    assert (folder / "admin.sock").stat().st_mode & 0o077 == 0
