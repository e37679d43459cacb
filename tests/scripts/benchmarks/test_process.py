import os
import signal
import socket
from pathlib import Path

import numpy as np
import pytest

from scripts.benchmarks.load.job import Ask, ClosedLoop
from scripts.benchmarks.load.payload import Payload
from scripts.benchmarks.load.process import LoadProcess
from scripts.benchmarks.load.target import BareTarget, HttpTarget, TritonTarget
from serving.failure import ServerError
from serving.history import History

PAYLOADS = [Payload("1", History(np.array([1, 2]), np.array([3.0, 1.0], np.float32)), exclude_seen=False)]


@pytest.fixture(scope="module")
def load():
    with LoadProcess(PAYLOADS) as process:
        yield process


@pytest.fixture
def closed_port():
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


@pytest.mark.parametrize("kind", ["application", "triton"])
def test_a_server_that_is_not_there_is_one_line_and_the_process_goes_on(
    kind, load, closed_port, weighty_release
):
    target = HttpTarget((closed_port,)) if kind == "application" else TritonTarget(closed_port, 64)

    with pytest.raises(ServerError) as caught:
        load.run(target, ClosedLoop(connections=2, seconds=1, warmup_seconds=0))

    assert len(str(caught.value).splitlines()) == 1
    bare = BareTarget(weighty_release.file("recommend.onnx"))
    assert len(load.run(bare, Ask(1))[0]) == 10


def test_bare_onnxruntime_is_asked_in_the_load_process(load, weighty_release):
    window = load.run(
        BareTarget(weighty_release.file("recommend.onnx")),
        ClosedLoop(connections=1, seconds=0.2, warmup_seconds=0.05),
    )

    assert window.throughput > 0
    # Nobody else works, so the caller's core is the model's.
    assert window.caller_seconds > 0


def test_a_load_process_that_dies_is_an_error_and_not_a_wait(weighty_release):
    with LoadProcess(PAYLOADS) as process:
        child = process._process.pid
        os.kill(child, signal.SIGKILL)
        with pytest.raises(ServerError, match=r"^the process that makes the load ended$"):
            process.run(BareTarget(weighty_release.file("recommend.onnx")), Ask(1))

    assert not Path(f"/proc/{child}").exists()
