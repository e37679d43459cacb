"""What one caller cannot do to the servers behind a real Envoy, nor to the others."""

import json
import socket
import ssl
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from serving.edge.config import GatewayUpstream, LimitConfig
from tests.serving.edge.conftest import Shared
from tests.serving.edge.estate import running, tritons
from tests.serving.edge.upstream import upstream

pytestmark = pytest.mark.envoy

INFER = "/v2/models/recommend/infer"
LIMITS = LimitConfig()


@pytest.fixture
def bearer(shared):
    return shared.edge.bearer("model:recommend", "recommend", "events")


@contextmanager
def raw(shared):
    """A connection on which any bytes can be sent."""
    context = ssl.create_default_context(cafile=shared.edge.estate.ca)
    plain = socket.create_connection(("127.0.0.1", shared.edge.config.port), timeout=60)
    with plain, context.wrap_socket(plain, server_hostname="localhost") as connection:
        yield connection


def head(bearer, path=INFER, **headers):
    lines = [f"POST {path} HTTP/1.1", "host: localhost", f"authorization: {bearer['authorization']}"]
    return "\r\n".join([*lines, *(f"{name}: {value}" for name, value in headers.items()), "", ""]).encode()


def status(connection) -> int:
    line = connection.makefile("rb").readline()
    return int(line.split()[1]) if line else 0


def alive(shared, bearer) -> bool:
    return shared.client.post(INFER, content=b"{}", headers=bearer).status_code == 200


@pytest.mark.parametrize(("path", "most"), [(INFER, LIMITS.body_bytes), ("/events", LIMITS.event_bytes)])
def test_a_body_beyond_the_limit_is_413_and_never_sent_on(shared, bearer, path, most):
    server = shared.triton if path == INFER else shared.gateway
    before = server.asked[path]

    assert shared.client.post(path, content=b" " * most, headers=bearer).status_code == 200
    assert shared.client.post(path, content=b" " * (most + 1), headers=bearer).status_code == 413
    assert server.asked[path] == before + 1


def test_600_000_one_byte_chunks_arrive_as_one_body(shared, bearer):
    chunk = b"1\r\n \r\n"
    with raw(shared) as connection:
        connection.sendall(head(bearer, **{"transfer-encoding": "chunked"}))
        for _ in range(600):
            connection.sendall(chunk * 1000)
        connection.sendall(b"0\r\n\r\n")
        assert status(connection) == 200

    assert shared.triton.lengths[-1] == "600000"


def test_chunks_without_end_are_cut_off(shared, bearer):
    before = shared.triton.asked[INFER]
    with raw(shared) as connection:
        connection.sendall(head(bearer, **{"transfer-encoding": "chunked"}))
        with pytest.raises(OSError):  # noqa: PT011, PT012 - a reset or a broken pipe
            for _ in range(100_000):
                connection.sendall(b"400\r\n" + b" " * 1024 + b"\r\n")

    assert shared.triton.asked[INFER] == before
    assert alive(shared, bearer)


def test_too_many_or_too_long_headers_are_431(shared, bearer):
    many = {f"x-{number}": "1" for number in range(LIMITS.headers)}
    long = {"x-long": "1" * (LIMITS.header_kib << 10)}

    for headers in (many, long):
        assert shared.client.get("/recommend", headers={**bearer, **headers}).status_code == 431
    assert shared.client.get("/recommend", headers=bearer).status_code == 200


def test_headers_that_look_like_others_to_a_server_are_refused(shared, bearer):
    assert shared.client.get("/recommend", headers={**bearer, "x_rialto_subject": "admin"}).status_code == 400


@pytest.mark.parametrize("opening", ["[", '{"a":', '["\\"]",', '["]]]]]]]]]]]]",', '[{"}}}}":'])
@pytest.mark.parametrize("path", [INFER, "/events"])
def test_json_deeper_than_the_limit_is_400(shared, bearer, path, opening):
    depth = LIMITS.json_depth
    answer = shared.client.post(path, content=opening * (depth + 1), headers=bearer)

    assert answer.status_code == 400
    assert answer.json()["error"] == f"the JSON nests deeper than {depth} levels"
    flat = json.dumps([opening] * 100)
    assert shared.client.post("/events", content=flat, headers=bearer).status_code == 200


def test_json_at_the_limit_passes_and_brackets_in_text_do_not_count(shared, bearer):
    for text in ("[" * 16 + "]" * 16, json.dumps({"[" * 50: '"\\' + "{" * 50}), '"' + "[" * 100, ""):
        assert shared.client.post("/events", content=text, headers=bearer).status_code == 200, text


def test_a_shape_of_more_elements_than_a_body_can_hold_is_400_however_it_is_written(shared, bearer):
    most = LIMITS.body_bytes
    for shape in (
        f"[1,{most + 1}]",
        "[4611686018427387904,0]",
        f"[ {most} ,\n2]",
        "[1e9]",
        "[-1,-1]",
        "9",
        "null",
    ):
        for name in ('"shape":', '"shape" \n :'):
            text = f'{{"inputs":[{{"shape":[1,2]}},{{{name}{shape}}}]}}'
            assert shared.client.post(INFER, content=text, headers=bearer).status_code == 400, text
    hidden = '{"inputs":[{"sh\\u0061pe":[4611686018427387904]}]}'
    assert shared.client.post(INFER, content=hidden, headers=bearer).status_code == 400
    for text in (f'{{"shape":[1,{most}],"name":"shape"}}', '{"shape":[]}', '["shape", 1e9]'):
        assert shared.client.post(INFER, content=text, headers=bearer).status_code == 200, text


@pytest.mark.parametrize("front", ["400000e-5", "0x2", "-1", "+4", "1,1", "9" * 30])
def test_the_length_of_a_json_part_hides_nothing(shared, bearer, front):
    headers = {**bearer, "inference-header-content-length": front}

    assert shared.client.post(INFER, content="[" * 50, headers=headers).status_code == 400


def test_binary_tensors_behind_the_json_may_hold_any_bytes(shared, bearer):
    headers = {**bearer, "inference-header-content-length": "2"}

    assert shared.client.post(INFER, content=b"{}" + b"[" * 500, headers=headers).status_code == 200


def test_a_compressed_body_is_415_since_nobody_looks_into_it(shared, bearer):
    headers = {**bearer, "content-encoding": "gzip"}

    assert shared.client.post(INFER, content=b"x", headers=headers).status_code == 415


@pytest.mark.parametrize(
    "path",
    [
        "/v2/repository/index",
        "/v2/repository/models/recommend/unload",
        "/v2/models/recommend/../../repository/index",
        "/v2/models/recommend/%2e%2e/%2e%2e/repository/index",
        "/v2/models/recommend/..%2f..%2frepository/index",
        "/v2/models/recommend/..%5c..%5crepository/index",
        "/v2/models/recommend/%252e%252e/%252e%252e/repository/index",
        "//v2//repository//index",
        "/v2/./repository/index",
        "/v2/repository/index/",
        "/v2/repository/index;x=1",
        "/v2/repository/index?x=/v2/models/recommend/infer",
        "/V2/repository/index",
        "/v2/models/recommend/infer/../../../repository/index",
        "/v2/models/recommend/versions/1/infer",
        "/v2/models/recommend/generate",
        "/v2/models/recommend/stats",
        "/v2/models/stats",
        "/v2/models/recommend/trace/setting",
        "/v2/logging",
        "/v2/systemsharedmemory/status",
        "/v2/cudasharedmemory/region/x/register",
        "/v2/models/other/infer",
        "/static/../v2/repository/index",
        "/static/..%2fv2/repository/index",
        "/inference.GRPCInferenceService/RepositoryModelUnload",
        "/inference.GRPCInferenceService/SystemSharedMemoryRegister",
        "/inference.GRPCInferenceService/ModelStatistics",
        "/inference.GRPCInferenceService/TraceSetting",
        "/inference.GRPCInferenceService/LogSettings",
        "/inference.GRPCInferenceService/ModelStreamInfer",
        "/metrics",
        "/stats",
        "/quitquitquit",
        "/config_dump",
        "*",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_no_way_of_writing_a_path_leads_to_control(shared, bearer, method, path):
    def asked():
        return sum((shared.triton.asked + shared.gateway.asked).values())

    before = asked()
    with raw(shared) as connection:
        lines = [f"{method} {path} HTTP/1.1", "host: localhost", "content-length: 0"]
        lines += [f"authorization: {bearer['authorization']}", "", ""]
        connection.sendall("\r\n".join(lines).encode())
        assert status(connection) in (400, 404)
    assert asked() == before


def test_a_method_that_a_route_does_not_have_is_404(shared, bearer):
    for method, path in [("DELETE", "/recommend"), ("GET", INFER), ("PUT", "/events"), ("GET", "/events")]:
        assert shared.client.request(method, path, headers=bearer).status_code == 404
    with raw(shared) as connection:
        connection.sendall(b"CONNECT localhost:80 HTTP/1.1\r\nhost: localhost\r\n\r\n")
        assert status(connection) in (400, 403, 404)


def test_a_smuggled_second_request_is_refused(shared, bearer):
    both = {"transfer-encoding": "chunked", "content-length": "4"}
    with raw(shared) as connection:
        connection.sendall(head(bearer, **both) + b"0\r\n\r\nGET /v2/repository/index HTTP/1.1\r\n\r\n")
        assert status(connection) == 400


def test_callers_do_not_set_the_edges_own_timeouts_and_retries(shared, bearer):
    ours = {"x-envoy-upstream-rq-timeout-ms": "0", "x-envoy-max-retries": "100", "x-envoy-retry-on": "5xx"}

    heard = shared.client.get("/recommend", headers={**bearer, **ours}).json()["headers"]

    assert not {name for name in heard if name.lower() in ours or name.lower() == "x-envoy-internal"}


def test_who_is_slow_is_let_go_and_nobody_waits_for_him(estate):
    limits = LimitConfig(handshake_seconds=1, header_seconds=1, request_seconds=2)
    with upstream() as triton, running(estate, estate.config(tritons(triton.port), limits=limits)) as edge:
        shared = Shared(edge, triton, triton, edge.client())
        bearer = edge.bearer("model:recommend")
        silent = socket.create_connection(("127.0.0.1", edge.config.port), timeout=60)
        with shared.client, silent, raw(shared) as slow_head, raw(shared) as slow_body:
            slow_head.sendall(b"GET /recommend HTTP/1.1\r\nhost: local")
            slow_body.sendall(head(bearer, **{"content-length": "100"}) + b"{")
            assert alive(shared, bearer)
            assert status(slow_head) in (0, 408)
            assert status(slow_body) in (0, 408)
            # Not a word of TLS.
            assert silent.recv(1) == b""


def test_a_client_beyond_his_rate_is_429_with_a_time_to_come_again_and_others_are_not(estate):
    with upstream() as triton, upstream() as gateway:
        config = estate.config(
            tritons(triton.port),
            GatewayUpstream(host="127.0.0.1", port=gateway.port),
            LimitConfig(subject_per_second=10, address_per_second=5),
        )
        with running(estate, config) as edge, edge.client() as client:
            greedy = edge.bearer("recommend", subject="greedy")
            modest = edge.bearer("recommend", subject="modest")
            answers = [client.get("/recommend", headers=greedy) for _ in range(60)]
            refused = [answer for answer in answers if answer.status_code == 429]

            assert len(refused) >= 20
            assert {answer.headers["retry-after"] for answer in refused} == {"1"}
            assert client.get("/recommend", headers=modest).status_code == 200
            # Without a token, the address counts.
            assert 429 in [client.get("/").status_code for _ in range(30)]
            assert client.get("/recommend", headers=modest).status_code == 200
            time.sleep(1.1)
            assert client.get("/recommend", headers=greedy).status_code == 200


def test_who_would_wait_too_long_for_the_gateway_is_told_at_once_to_come_again_and_triton_is_asked_all(
    estate,
):
    with upstream() as triton, upstream() as gateway:
        triton.seconds = gateway.seconds = 0.02
        config = estate.config(tritons(triton.port), GatewayUpstream(host="127.0.0.1", port=gateway.port))
        with running(estate, config) as edge, edge.client() as client, ThreadPoolExecutor(32) as callers:
            bearer = edge.bearer("recommend", "model:recommend")

            def answers(path):
                return list(callers.map(lambda _: client.get(path, headers=bearer), range(300)))

            few = [client.get("/recommend", headers=bearer) for _ in range(20)]
            many = answers("/recommend")
            direct = answers("/v2/models/recommend")
            after = client.get("/recommend", headers=bearer)

    assert {each.status_code for each in (*few, *direct, after)} == {200}
    refused = [each for each in many if each.status_code != 200]
    assert refused
    assert {each.status_code for each in refused} == {503}
    assert {each.headers["retry-after"] for each in refused} == {"1"}
    assert {each.json()["error"] for each in refused} == {"reached concurrency limit"}
    # What is let through is answered, and not more than that.
    assert gateway.asked["/recommend"] == len(few) + len(many) - len(refused) + 1
