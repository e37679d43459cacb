import importlib
import json
import shutil
import sys
from types import ModuleType

import numpy as np
import onnxruntime
import pytest
from google.protobuf import json_format

from model.signature import MODELS
from serving.model_config import ModelConfig, TargetConfig
from tests.releases import CATALOGUE


class Tensor:
    def __init__(self, name, value):
        self.name, self.value = name, value

    def as_numpy(self):
        return self.value


class TritonError:
    INVALID_ARG = "invalid argument"

    def __init__(self, message, code):
        self.message, self.code = message, code


class InferenceResponse:
    def __init__(self, output_tensors=(), error=None):
        self.outputs = {tensor.name: tensor.value for tensor in output_tensors}
        self.error = error


@pytest.fixture
def python_model(monkeypatch):
    """The module as the python backend imports it, with the backend's classes stood in for."""
    backend = ModuleType("triton_python_backend_utils")
    backend.Tensor, backend.TritonError, backend.InferenceResponse = Tensor, TritonError, InferenceResponse
    backend.get_input_tensor_by_name = lambda request, name: request[name]
    monkeypatch.setitem(sys.modules, backend.__name__, backend)
    monkeypatch.delitem(sys.modules, "serving.runtime.model", raising=False)
    return importlib.import_module("serving.runtime.model")


@pytest.fixture
def loaded(python_model, release, tmp_path):
    """`loaded("recommend")` is a model that was initialised from the release."""

    def load(name):
        (tmp_path / "1").mkdir(exist_ok=True)
        shutil.copy(release.file(f"{name}.onnx"), tmp_path / "1" / "model.onnx")
        config = ModelConfig(
            signature=MODELS[name],
            target=TargetConfig.embedded(instances=1),
            version=1,
            release=release.digest,
            catalogue=CATALOGUE,
            max_history=64,
        )
        message = json_format.MessageToDict(config.as_protobuf(), preserving_proto_field_name=True)
        served = python_model.TritonPythonModel()
        served.initialize(
            {"model_config": json.dumps(message), "model_repository": str(tmp_path), "model_version": "1"}
        )
        return served

    return load


def request(ids, ages=None, k=5, exclude_seen=False):
    history = np.array([ids], np.int64)
    ages = np.zeros(history.shape, np.float32) if ages is None else np.array([ages], np.float32)
    values = {
        "history_ids": history,
        "history_ages": ages,
        "exclude_seen": np.array([[exclude_seen]]),
        "k": np.array([[k]], np.int64),
        "candidate_ids": np.array([[1, 2, 3]], np.int64),
    }
    return {name: Tensor(name, value) for name, value in values.items()}


def bare(release, name, asked):
    """What onnxruntime says to one request alone."""
    session = onnxruntime.InferenceSession(release.file(f"{name}.onnx"), providers=["CPUExecutionProvider"])
    feed = {tensor.name: asked[tensor.name].value for tensor in session.get_inputs()}
    return dict(zip((out.name for out in session.get_outputs()), session.run(None, feed), strict=True))


def count_runs(served):
    """Let `served` count its runs of onnxruntime."""
    runs, session = [], served.session

    class Counted:
        def run(self, outputs, feed):
            runs.append(len(feed["history_ids"]))
            return session.run(outputs, feed)

    served.session = Counted()
    return runs


def assert_same(response, expected):
    assert response.error is None
    np.testing.assert_array_equal(response.outputs["item_ids"], expected["item_ids"])
    # Matrix products of another height may round differently in the last place.
    np.testing.assert_allclose(response.outputs["scores"], expected["scores"], rtol=1e-5)


def test_requests_of_one_shape_share_a_run_and_get_their_own_answers(loaded, release):
    served = loaded("recommend")
    runs = count_runs(served)
    asked = [request([n, n + 1, n + 2]) for n in range(1, 9)]

    responses = served.execute(asked)

    assert runs == [8]
    for one, response in zip(asked, responses, strict=True):
        assert_same(response, bare(release, "recommend", one))


def test_requests_of_different_lengths_are_answered_in_one_hand_over(loaded, release):
    served = loaded("recommend")
    runs = count_runs(served)
    asked = [request([1, 2]), request([3]), request([4, 5]), request([6])]

    responses = served.execute(asked)

    assert sorted(runs) == [2, 2]
    for one, response in zip(asked, responses, strict=True):
        assert_same(response, bare(release, "recommend", one))


def test_every_request_of_a_batch_gets_as_many_items_as_it_asked_for(loaded, release):
    asked = [request([1, 2], k=k) for k in (3, 50, 1)]

    responses = loaded("recommend").execute(asked)

    for one, response in zip(asked, responses, strict=True):
        assert_same(response, bare(release, "recommend", one))


def test_predict_answers_every_candidate(loaded, release):
    asked = [request([1, 2]), request([3, 4])]

    for one, response in zip(asked, loaded("predict").execute(asked), strict=True):
        expected = bare(release, "predict", one)["probabilities"]
        np.testing.assert_allclose(response.outputs["probabilities"], expected, rtol=1e-5)


WRONG = {
    "k is 0; ask for 1 to 50 items": request([1, 2], k=0),
    "k is 51; ask for 1 to 50 items": request([1, 2], k=51),
    "k is -3; ask for 1 to 50 items": request([1, 2], k=-3),
    "history_ids has shape [1, 2] and history_ages [1, 1]": request([1, 2], ages=[0]),
    "history_ids has shape [1, 0] and history_ages [1, 0]": request([]),
}


@pytest.mark.parametrize("message", WRONG)
def test_a_wrong_request_gets_the_error_and_its_batch_does_not(loaded, release, message):
    right = request([1, 2])

    first, wrong, last = loaded("recommend").execute([right, WRONG[message], right])

    assert wrong.error.message.startswith(message)
    assert "\n" not in wrong.error.message
    assert wrong.error.code == TritonError.INVALID_ARG
    for response in (first, last):
        assert_same(response, bare(release, "recommend", right))


def test_what_onnxruntime_refuses_fails_alone(loaded, release):
    served = loaded("recommend")
    session = served.session

    class Choosy:
        def run(self, outputs, feed):
            if (feed["history_ids"] == 13).any():
                raise RuntimeError("unlucky")
            return session.run(outputs, feed)

    served.session = Choosy()

    first, unlucky, last = served.execute([request([1]), request([13]), request([2])])

    assert unlucky.error.message == "onnxruntime: unlucky"
    assert_same(first, bare(release, "recommend", request([1])))
    assert_same(last, bare(release, "recommend", request([2])))
