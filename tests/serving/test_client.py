import subprocess
import sys

import numpy as np
import pytest

from model.signature import MASKED
from serving.client import Client
from serving.failure import ServerError
from serving.history import History
from serving.transport import connect
from tests.serving.conftest import PROJECT, free_ports

HISTORY = History(np.array([3, 4]), np.array([2.0, 1.0], np.float32))


class FakeTransport:
    """A server that recommends 1, 2, 3, ... to everybody, as if its batch had asked for three more."""

    def __init__(self):
        self.asked = []
        self.masked_from = 1000

    def parameters(self, model):
        return {"release": "sha256:abc", "catalogue": "50", "max_history": "20"}

    def infer(self, model, inputs):
        self.asked.append((model, inputs))
        if model == "predict":
            return {"probabilities": inputs["candidate_ids"].astype(np.float32) / 100}
        wanted = np.arange(1, inputs["k"].item() + 4)
        scores = np.where(wanted < self.masked_from, -wanted, MASKED).astype(np.float32)
        return {"item_ids": wanted[None], "scores": scores[None]}

    def close(self):
        self.asked.append("closed")


@pytest.fixture
def transport():
    return FakeTransport()


def test_the_caller_gets_as_many_items_as_asked_for(transport):
    answer = Client(transport).recommend(HISTORY, 4)

    assert answer.item_ids.tolist() == [1, 2, 3, 4]
    assert answer.scores.tolist() == [-1, -2, -3, -4]


def test_what_is_left_out_is_no_recommendation_where_fewer_than_k_are_left(transport):
    transport.masked_from = 3

    assert Client(transport).recommend(HISTORY, 4, exclude_seen=True).item_ids.tolist() == [1, 2]


def test_a_request_carries_the_tensors_of_the_signature(transport):
    Client(transport).recommend(HISTORY, 4, exclude_seen=True)

    ((model, inputs),) = transport.asked
    assert model == "recommend"
    assert inputs["history_ids"].tolist() == [[0] * 14 + [3, 4]]
    assert inputs["exclude_seen"].tolist() == [[True]]
    assert (inputs["k"].dtype, inputs["k"].tolist()) == (np.int64, [[4]])


def test_candidates_are_padded_for_batching_and_answers_cut_back(transport):
    chances = Client(transport).predict(HISTORY, [7, 9, 11])

    assert transport.asked[0][1]["candidate_ids"].shape == (1, 16)
    np.testing.assert_allclose(chances, [0.07, 0.09, 0.11])


@pytest.mark.parametrize("k", [0, -1, 51])
def test_more_or_fewer_items_than_there_are_cannot_be_asked_for(transport, k):
    with pytest.raises(ValueError, match=f"^k is {k}; ask for 1 to 50 items, the catalogue's size$"):
        Client(transport).recommend(HISTORY, k)
    assert transport.asked == []


@pytest.mark.parametrize("candidates", [[], range(5000)])
def test_no_candidates_or_too_many_are_refused(transport, candidates):
    with pytest.raises(ValueError, match=f"^{len(candidates)} candidates; send 1 to 4096 in a request$"):
        Client(transport).predict(HISTORY, candidates)


def test_leaving_the_with_block_closes_the_connection(transport):
    with Client(transport):
        pass

    assert transport.asked == ["closed"]


@pytest.mark.parametrize("scheme", ["http", "grpc"])
def test_a_server_that_is_not_there_is_one_line_with_the_remedy(scheme):
    url = f"127.0.0.1:{free_ports().http}"
    transport = connect(scheme, url)

    for ask in (lambda: transport.parameters("recommend"), lambda: transport.infer("recommend", {})):
        with pytest.raises(
            ServerError, match=f"^no server answers at {scheme}://{url}; start it with scripts/up"
        ):
            ask()
    transport.close()


def test_the_client_loads_neither_torch_nor_pulumi_nor_onnxruntime():
    script = (
        "import sys, serving.client, serving.command; print(*{name.split('.')[0] for name in sys.modules})"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=PROJECT, capture_output=True, text=True, check=True
    )

    assert "tritonclient" in done.stdout.split()
    assert not {"torch", "pulumi", "onnxruntime"} & set(done.stdout.split())
