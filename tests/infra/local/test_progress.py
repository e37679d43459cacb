import sys
from concurrent import futures

import grpc
import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc

from infra.local.progress import progress


class Engine(engine_pb2_grpc.EngineServicer):
    def __init__(self):
        self.logged = []

    def Log(self, request, context):  # noqa: N802 - the name is the protocol's
        self.logged.append(request)
        return empty_pb2.Empty()


@pytest.fixture
def engine():
    """An engine's logging service, where a provider expects it."""
    servicer = Engine()
    server = grpc.server(futures.ThreadPoolExecutor(1))
    engine_pb2_grpc.add_EngineServicer_to_server(servicer, server)
    servicer.address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    yield servicer
    server.stop(None).wait()


def test_a_line_shows_in_the_live_status_and_leaves_no_trace(engine, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["pulumi.dynamic", engine.address])

    with progress() as show:
        show("epoch 1 of 6")

    (line,) = engine.logged
    assert (line.message, line.severity, line.ephemeral) == ("epoch 1 of 6", engine_pb2.INFO, True)


def test_without_an_engine_lines_go_to_stderr(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["shell"])

    with progress() as show:
        show("epoch 1 of 6")

    assert capsys.readouterr().err == "epoch 1 of 6\n"
