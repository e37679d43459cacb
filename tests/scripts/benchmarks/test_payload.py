import json

import numpy as np
import pytest

from model.artifact import Artifact
from scripts.benchmarks.load.payload import Payload, recorded
from serving.catalogue import Catalogue
from tests.releases import MAX_HISTORY, USERS, tiny_release

NP_TYPES = {"INT64": np.int64, "FP32": np.float32, "BOOL": np.bool_}


@pytest.fixture(scope="module")
def release(tmp_path_factory) -> Artifact:
    return tiny_release(tmp_path_factory.mktemp("release") / "tiny")


def decoded(body: bytes, json_length: int) -> dict[str, np.ndarray]:
    tensors, start = {}, json_length
    for tensor in json.loads(body[:json_length])["inputs"]:
        end = start + tensor["parameters"]["binary_data_size"]
        kind = NP_TYPES[tensor["datatype"]]
        tensors[tensor["name"]] = np.frombuffer(body[start:end], kind).reshape(tensor["shape"])
        start = end
    assert start == len(body)
    return tensors


def test_payloads_are_what_the_release_recorded_of_real_users(release):
    catalogue = Catalogue.load(release.folder)
    payloads = recorded(release.folder, USERS)

    histories = {
        tuple(catalogue.history(f"household-{user}", catalogue.newest_event()).ids)
        for user in range(1, USERS + 1)
    }
    assert {tuple(payload.history.ids) for payload in payloads} == histories
    assert [payload.exclude_seen for payload in payloads] == [False, True] * (USERS // 2)


def test_a_seed_draws_the_same_payloads_again_and_more_than_there_are_users(release):
    first, again = (recorded(release.folder, 3 * USERS, seed=4) for _ in range(2))

    assert len(first) == 3 * USERS
    assert [payload.json() for payload in first] == [payload.json() for payload in again]


def test_triton_gets_the_tensors_that_our_client_sends(release):
    payload = recorded(release.folder, USERS)[3]

    tensors = decoded(*payload.triton(MAX_HISTORY))

    expected = payload.history.tensors(MAX_HISTORY)
    assert tensors.keys() == {*expected, "exclude_seen", "k"}
    for name, value in expected.items():
        np.testing.assert_array_equal(tensors[name], value)
    assert (tensors["exclude_seen"].tolist(), tensors["k"].tolist()) == ([[True]], [[10]])


def test_all_protocols_carry_the_same_events(release):
    for payload in recorded(release.folder, USERS):
        body = json.loads(payload.json())
        feed = payload.feed()
        padded = decoded(*payload.triton(10 * MAX_HISTORY))
        events = len(payload.history.ids)

        assert (
            body["history_ids"]
            == feed["history_ids"][0].tolist()
            == padded["history_ids"][0, -events:].tolist()
        )
        np.testing.assert_allclose(body["history_ages"], feed["history_ages"][0], atol=1e-4)
        assert body["exclude_seen"] is bool(feed["exclude_seen"]) is payload.exclude_seen
        assert body["k"] == feed["k"][0, 0] == 10


def test_a_payload_is_one_request():
    from serving.history import History

    payload = Payload("1", History(np.array([3, 5]), np.array([2.0, 0.5], np.float32)), exclude_seen=False)

    assert payload.json() == b'{"history_ids":[3,5],"history_ages":[2.0,0.5],"exclude_seen":false,"k":10}'
