"""The embedded server answers as bare onnxruntime does on the same file: both protocols, batched or not."""

import http.client
import json
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import onnxruntime
import pytest

from model.signature import PREDICT, RECOMMEND
from serving.failure import ServerError
from serving.transport import connect
from tests.releases import CATALOGUE, MAX_HISTORY

pytestmark = pytest.mark.triton

# A text encoder is asked in test_deploy.py.
RANKING = (RECOMMEND.name, PREDICT.name)
REQUESTS = 200
# The tiny graphs are fp32: what differs is how the matrix product of a whole batch rounds in its last place.
RELATIVE = 1e-5


@pytest.fixture(scope="module")
def bare(release):
    """`bare(model, inputs)` runs the release's own file in this process."""
    sessions = {
        model: onnxruntime.InferenceSession(release.file(f"{model}.onnx"), providers=["CPUExecutionProvider"])
        for model in RANKING
    }

    def run(model, inputs):
        names = [output.name for output in sessions[model].get_outputs()]
        return dict(zip(names, sessions[model].run(None, inputs), strict=True))

    return run


@pytest.fixture(params=["grpc", "http"])
def transport(request, served):
    port = served.ports.grpc if request.param == "grpc" else served.ports.http
    transport = connect(request.param, f"127.0.0.1:{port}")
    yield transport
    transport.close()


def random_request(model, random, *, users=1, length=None):
    """Any valid request: other lengths, unknown items, longer than the model looks, any k or candidates."""
    length = length or int(random.integers(1, 2 * MAX_HISTORY))
    inputs = {
        "history_ids": random.integers(-2, CATALOGUE + 5, (users, length)),
        "history_ages": random.uniform(0, 400, (users, length)).astype(np.float32),
    }
    if model == "recommend":
        return inputs | {
            "exclude_seen": random.random((users, 1)) < 0.5,
            "k": random.integers(1, CATALOGUE + 1, (users, 1)),
        }
    return inputs | {
        "candidate_ids": random.integers(-2, CATALOGUE + 5, (users, int(random.integers(1, 30))))
    }


def assert_same(ours, expected):
    assert ours.keys() == expected.keys()
    for name, value in expected.items():
        assert ours[name].dtype == value.dtype
        np.testing.assert_allclose(ours[name], value, rtol=RELATIVE, err_msg=name)


@pytest.mark.parametrize("model", RANKING)
def test_one_request_at_a_time_is_answered_as_onnxruntime_does(model, transport, bare):
    random = np.random.default_rng(1)
    for _ in range(REQUESTS // 4):
        inputs = random_request(model, random)

        assert_same(transport.infer(model, inputs), bare(model, inputs))


@pytest.mark.parametrize("model", RANKING)
def test_several_users_in_one_request_are_answered_as_onnxruntime_does(model, transport, bare):
    random = np.random.default_rng(2)
    for users in (2, 7, 32):
        inputs = random_request(model, random, users=users)

        assert_same(transport.infer(model, inputs), bare(model, inputs))


@pytest.mark.parametrize("model", RANKING)
def test_requests_that_meet_in_a_batch_are_answered_as_alone(model, served, bare):
    random = np.random.default_rng(3)
    # Few lengths, so that some share a run; some hand-overs hold several.
    requests = [
        random_request(model, random, length=int(random.choice([3, 16, 32]))) for _ in range(REQUESTS)
    ]
    transport = connect("grpc", f"127.0.0.1:{served.ports.grpc}")

    with ThreadPoolExecutor(32) as threads:
        answers = list(threads.map(lambda inputs: transport.infer(model, inputs), requests))
    transport.close()

    for answer, inputs in zip(answers, requests, strict=True):
        assert_same(answer, bare(model, inputs))
    assert batches(served, model) < executions(served, model), "no two requests met; the test shows nothing"


def batches(served, model):
    return int(statistics(served, model)["execution_count"])


def executions(served, model):
    return int(statistics(served, model)["inference_count"])


def statistics(served, model):
    (stats,) = ask(served, "GET", f"/v2/models/{model}/stats")[1]["model_stats"]
    return stats


def ask(served, method, path, body=None):
    connection = http.client.HTTPConnection("127.0.0.1", served.ports.http, timeout=10)
    connection.request(method, path, body=body and json.dumps(body))
    response = connection.getresponse()
    answer = response.status, json.loads(response.read())
    connection.close()
    return answer


def test_plain_json_over_http_and_grpc_give_the_same_top_ten(served):
    body = {
        "inputs": [
            {"name": "history_ids", "datatype": "INT64", "shape": [1, 3], "data": [3, 4, 5]},
            {"name": "history_ages", "datatype": "FP32", "shape": [1, 3], "data": [9, 5, 1]},
            {"name": "exclude_seen", "datatype": "BOOL", "shape": [1, 1], "data": [False]},
            {"name": "k", "datatype": "INT64", "shape": [1, 1], "data": [10]},
        ]
    }
    status, answer = ask(served, "POST", "/v2/models/recommend/infer", body)
    transport = connect("grpc", f"127.0.0.1:{served.ports.grpc}")
    over_grpc = transport.infer(
        "recommend",
        {
            "history_ids": np.array([[3, 4, 5]]),
            "history_ages": np.array([[9, 5, 1]], np.float32),
            "exclude_seen": np.array([[False]]),
            "k": np.array([[10]]),
        },
    )
    transport.close()

    assert status == 200
    over_http = {output["name"]: output["data"] for output in answer["outputs"]}
    assert over_http["item_ids"] == over_grpc["item_ids"][0].tolist()
    np.testing.assert_allclose(over_http["scores"], over_grpc["scores"][0], rtol=RELATIVE)


WRONG = {
    "k is 0; ask for 1 to 50 items": {"k": np.array([[0]])},
    "k is 51; ask for 1 to 50 items": {"k": np.array([[51]])},
    "history_ids has shape [1, 3] and history_ages [1, 2]": {"history_ages": np.zeros((1, 2), np.float32)},
}


@pytest.mark.parametrize("message", WRONG)
def test_a_wrong_request_is_one_line_over_both_protocols_and_the_server_goes_on(message, transport):
    right = random_request("recommend", np.random.default_rng(4), length=3)

    with pytest.raises(ServerError) as refused:
        transport.infer("recommend", right | WRONG[message])

    assert message in str(refused.value)
    assert "\n" not in str(refused.value)
    assert transport.infer("recommend", right)["item_ids"].size


def test_a_model_that_is_not_served_is_named_and_not_taken_for_a_lost_server(transport):
    with pytest.raises(ServerError, match="unknown model: 'rank'"):
        transport.infer("rank", {"k": np.array([[1]])})
