import asyncio
import json

import httpx
import numpy as np
import pytest
import torch

from model.restore import restore
from scripts.benchmarks.load.payload import recorded
from scripts.benchmarks.peer.app import Question, application
from scripts.benchmarks.peer.eager import eager_recommender
from scripts.benchmarks.peer.graph import graph_recommender, one_thread_session
from scripts.benchmarks.peer.process import workers
from serving.failure import ServerError
from tests.releases import CATALOGUE, USERS
from tests.scripts.benchmarks.conftest import network

# Ages travel with four decimals in JSON.
AGES_TOLERANCE = 2e-3


@pytest.fixture(scope="module", autouse=True)
def threads():
    """PyTorch's threads as they were: the server sets them for its whole process."""
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module", params=["graph", "eager"])
def post(request, weighty_release):
    """`post(json=...)` asks the application of each model, without a server."""
    recommender = {"graph": graph_recommender, "eager": eager_recommender}[request.param]
    app = application(recommender(weighty_release.folder))

    async def ask(**body):
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://peer") as client:
            return await client.post("/recommend", **body)

    return lambda **body: asyncio.run(ask(**body))


def test_the_server_around_the_graph_answers_as_bare_onnxruntime_does(weighty_release):
    bare = one_thread_session(weighty_release.file("recommend.onnx"))
    recommend = graph_recommender(weighty_release.folder)

    for payload in recorded(weighty_release.folder, USERS):
        answer = recommend(Question.model_validate_json(payload.json()))
        item_ids, scores = bare.run(["item_ids", "scores"], payload.feed())
        assert answer.item_ids == item_ids[0].tolist()
        np.testing.assert_allclose(answer.scores, scores[0], atol=AGES_TOLERANCE)


def test_the_server_around_pytorch_answers_as_the_whole_network_does(weighty_release):
    recommend = eager_recommender(weighty_release.folder)
    model = network()

    for payload in recorded(weighty_release.folder, USERS):
        answer = recommend(Question.model_validate_json(payload.json()))
        newest = slice(-model.config.max_history, None)
        ids = torch.from_numpy(payload.history.ids[newest])[None]
        with torch.no_grad():
            logits = model(ids, torch.from_numpy(payload.history.ages[newest])[None])[0]
        if payload.exclude_seen:
            logits[ids[0]] = -torch.inf
        best = logits.topk(10)
        assert answer.item_ids == best.indices.tolist()
        np.testing.assert_allclose(answer.scores, best.values.numpy(), atol=AGES_TOLERANCE)


@pytest.mark.parametrize(
    "wrong", [{"k": 0}, {"history_ids": []}, {"history_ids": ["milk"]}, {"history_ages": None}]
)
def test_a_wrong_request_is_refused_as_a_service_would(post, wrong):
    question = {"history_ids": [1, 2], "history_ages": [3.0, 1.0], "k": 3, **wrong}

    assert post(json=question).status_code == 422


def test_what_was_bought_is_left_out_on_request(post):
    question = {"history_ids": [1, 2, 3], "history_ages": [3.0, 2.0, 1.0], "k": CATALOGUE - 3}

    answer = post(json={**question, "exclude_seen": True}).json()

    assert sorted(answer["item_ids"]) == list(range(4, CATALOGUE + 1))


def test_the_weights_of_a_release_make_its_network_again(weighty_release):
    loaded, trained = restore(weighty_release.folder), network()

    assert not loaded.training
    for name, tensor in trained.state_dict().items():
        torch.testing.assert_close(loaded.state_dict()[name], tensor)


def test_a_release_of_other_sizes_is_refused_in_one_line(weighty_release, tmp_path):
    manifest = json.loads((weighty_release.folder / "manifest.json").read_text())
    (tmp_path / "manifest.json").write_text(json.dumps({**manifest, "recipe": "baseline"}))
    (tmp_path / "model.safetensors").symlink_to(weighty_release.file("model.safetensors"))

    with pytest.raises(
        ValueError, match=r"^release \S+ does not fit the recipe baseline .*; build it again$"
    ):
        restore(tmp_path)


def test_a_worker_that_cannot_start_says_why_and_is_gone(tmp_path):
    why = r"^a server to compare with ended: .*nowhere.*; see .*graph-1\.log$"

    with (
        workers("graph", tmp_path / "nowhere", 1, tmp_path) as (worker,),
        pytest.raises(ServerError, match=why),
    ):
        worker.wait()
