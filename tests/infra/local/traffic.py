"""Callers that go on through a switch of releases, and count every answer and every failure."""

import http.client
import json
import threading
from collections import Counter
from contextlib import closing, contextmanager
from dataclasses import dataclass, field

import numpy as np
from tritonclient import grpc
from tritonclient.utils import np_to_triton_dtype

LOOPBACK = "127.0.0.1"
# Between two requests of one caller: four leave two cores room to load a release.
PAUSE_SECONDS = 0.005
ANSWER_SECONDS = 30


@dataclass
class Traffic:
    """What callers saw: answers by the version that gave them, and everything else."""

    answers: Counter = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)

    def keep_asking(self, caller) -> None:
        with caller as ask:
            while not self.stopped.wait(PAUSE_SECONDS):
                try:
                    self.answers[ask()] += 1
                except Exception as error:
                    self.failures.append(f"{type(error).__name__}: {error}")


@contextmanager
def over_http(port: int):
    """A caller of `recommend` on one connection; it returns the version that answers."""
    tensors = [
        ("history_ids", "INT64", [3, 5]),
        ("history_ages", "FP32", [2.0, 1.0]),
        ("exclude_seen", "BOOL", [True]),
        ("k", "INT64", [5]),
    ]
    inputs = [
        {"name": name, "datatype": dtype, "shape": [1, len(data)], "data": data}
        for name, dtype, data in tensors
    ]

    def ask() -> str:
        connection.request("POST", "/v2/models/recommend/infer", json.dumps({"inputs": inputs}))
        answer = json.loads(connection.getresponse().read())
        assert len(answer["outputs"][0]["data"]) == 5, answer
        return answer["model_version"]

    with closing(http.client.HTTPConnection(LOOPBACK, port, timeout=ANSWER_SECONDS)) as connection:
        yield ask


@contextmanager
def over_grpc(port: int):
    """A caller of `predict` on one channel; it returns the version that answers."""
    tensors = {
        "history_ids": np.array([[3, 5]], np.int64),
        "history_ages": np.array([[2, 1]], np.float32),
        "candidate_ids": np.array([[1, 2, 3]], np.int64),
    }
    inputs = []
    for name, tensor in tensors.items():
        inputs.append(grpc.InferInput(name, tensor.shape, np_to_triton_dtype(tensor.dtype)))
        inputs[-1].set_data_from_numpy(tensor)

    def ask() -> str:
        answer = client.infer("predict", inputs, client_timeout=ANSWER_SECONDS)
        assert answer.as_numpy("probabilities").shape == (1, 3)
        return answer.get_response().model_version

    with grpc.InferenceServerClient(f"{LOOPBACK}:{port}") as client:
        yield ask


@contextmanager
def traffic(http_port: int, grpc_port: int, callers: int = 2):
    """Ask over both protocols for as long as the block runs."""
    seen = Traffic()
    asking = [over_http(http_port) for _ in range(callers)] + [over_grpc(grpc_port) for _ in range(callers)]
    threads = [threading.Thread(target=seen.keep_asking, args=(caller,)) for caller in asking]
    for thread in threads:
        thread.start()
    try:
        yield seen
    finally:
        seen.stopped.set()
        for thread in threads:
            thread.join(timeout=2 * ANSWER_SECONDS)
            assert not thread.is_alive()
