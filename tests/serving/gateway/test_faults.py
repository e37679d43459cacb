"""A real gateway process while what is behind it hangs, dies, fills up and comes back."""

import json
import os
import resource
import signal
import threading
from collections import Counter

import httpx
import pytest

from serving.deploy import deploy
from serving.gateway.audit import audit_files, verify
from serving.runtime import launcher
from tests.infra.clone import free_ports
from tests.serving.conftest import EMBEDDED, config_in
from tests.serving.gateway.conftest import LOCAL, running_gateway, running_valkey, until
from tests.stopping import stopped

pytestmark = pytest.mark.triton

USER = "household-8"


@pytest.fixture(scope="module")
def triton(tmp_path_factory, release):
    """A Triton of this module's own: (configuration, `start()`, `handle()`)."""
    config = config_in(tmp_path_factory.mktemp("triton") / "server")
    handles = []

    def start():
        handles.append(launcher.start(config))
        deploy(handles[-1].control, config.repository, release, EMBEDDED)

    start()
    yield config, start, lambda: handles[-1]
    launcher.stop(handles[-1])


@pytest.fixture(scope="module")
def gateway(tmp_path_factory, triton, release):
    config, *_ = triton
    folder = tmp_path_factory.mktemp("gateway")
    with running_gateway(folder, f"127.0.0.1:{config.ports.grpc}", release.folder, "--local") as gateway:
        yield gateway


def recommended(gateway, k=10, user=USER):
    answer = gateway.ask.get("/recommend", params={"user_id": user, "k": k})
    assert answer.status_code == 200, answer.text
    return answer.json()


def happened(gateway, user, **more):
    event = {"user_id": user, "item_id": "900001", "event": "view", **more}
    return gateway.ask.post("/events", json=event)


def test_a_hung_triton_is_not_waited_for_and_its_answers_come_back(gateway, triton):
    _, _, handle = triton
    until(lambda: not recommended(gateway, 11)["fallback"])

    with stopped(handle().process.pid):
        hung = [recommended(gateway, k) for k in range(20, 25)]
        predicted = gateway.ask.get("/predict", params={"user_id": USER, "item_id": "900001"})
        searched = gateway.ask.get("/search", params={"user_id": USER, "q": "thing"})
        health = gateway.ask.get("/healthz")

    assert {answer["fallback_reason"] for answer in hung} == {"deadline"}
    assert all(len(answer["items"]) == k for answer, k in zip(hung, range(20, 25), strict=True))
    assert predicted.json()["fallback_reason"] == searched.json()["fallback_reason"] == "deadline"
    assert searched.json()["items"]
    assert health.status_code == 200
    until(lambda: not recommended(gateway, 12)["fallback"])


def test_a_killed_triton_is_missed_in_no_answer_and_taken_up_again(gateway, triton):
    _, start, handle = triton
    os.kill(handle().process.pid, signal.SIGKILL)

    gone = [recommended(gateway, k) for k in range(30, 40)]
    until(lambda: gateway.ask.get("/healthz").json()["triton"] != "ok")
    launcher.stop(handle())
    start()

    assert {answer["fallback_reason"] for answer in gone} <= {"triton", "deadline"}
    until(lambda: not recommended(gateway, 13)["fallback"])
    until(lambda: gateway.ask.get("/healthz").json()["triton"] == "ok")


def test_of_two_tritons_one_may_be_killed_without_one_fallback(tmp_path, tmp_path_factory, triton, release):
    first, *_ = triton
    second = config_in(tmp_path_factory.mktemp("second") / "server")
    handle = launcher.start(second)
    try:
        deploy(handle.control, second.repository, release, EMBEDDED)
        both = f"127.0.0.1:{first.ports.grpc},127.0.0.1:{second.ports.grpc}"
        with running_gateway(tmp_path, both, release.folder, *LOCAL) as gateway:
            seen = Counter()
            done = threading.Event()

            def keep_asking():
                with httpx.Client(base_url=gateway.ask.base_url, trust_env=False, timeout=30) as ask:
                    while not done.is_set():
                        # Ever other questions, so that none is answered from the cache.
                        k = 1 + sum(seen.values()) % 50
                        body = {"user_id": "busy", "item_id": "900001", "event": "view"}
                        ask.post("/events", json=body).raise_for_status()
                        answer = ask.get("/recommend", params={"user_id": "busy", "k": k})
                        seen[answer.status_code, answer.json().get("fallback_reason")] += 1

            thread = threading.Thread(target=keep_asking)
            thread.start()
            until(lambda: sum(seen.values()) > 50)
            os.kill(handle.process.pid, signal.SIGKILL)
            after = sum(seen.values())
            until(lambda: sum(seen.values()) > after + 100)
            done.set()
            thread.join()
    finally:
        launcher.stop(handle)

    assert set(seen) == {(200, None)}, seen


def test_a_gateway_killed_while_it_writes_loses_no_event_and_no_record(tmp_path, triton, release):
    config, *_ = triton
    address = f"127.0.0.1:{config.ports.grpc}"
    with running_gateway(tmp_path, address, release.folder, *LOCAL) as gateway:
        answered = [happened(gateway, "killed").json()["history_version"] for _ in range(20)]
        for _ in range(5):
            recommended(gateway, user="killed")
        gateway.process.kill()
        gateway.process.wait()
    with running_gateway(tmp_path, address, release.folder, *LOCAL) as again:
        known = recommended(again, user="killed")

    assert answered == list(range(1, 21))
    assert known["history_events"] == 20
    assert verify(tmp_path / "state" / "audit").number == 6


def test_with_a_full_disk_answers_go_on_and_every_record_follows(tmp_path, triton, release, monkeypatch):
    """RLIMIT_FSIZE on the running process: from a size on, its files take nothing, as on a full disk."""
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")  # as in tests.full_disk
    config, *_ = triton
    with running_gateway(tmp_path, f"127.0.0.1:{config.ports.grpc}", release.folder, *LOCAL) as gateway:
        recommended(gateway)
        audit = tmp_path / "state" / "audit"
        full = audit_files(audit)[0].stat().st_size + 10
        limits = resource.prlimit(gateway.process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(gateway.process.pid, resource.RLIMIT_FSIZE, (full, limits[1]))
        during = [recommended(gateway, k) for k in range(20, 30)]
        refused = happened(gateway, "unlucky")
        until(lambda: "10 records wait for room" in gateway.ask.get("/healthz").json()["audit"])
        metrics = gateway.ask.get("/metrics").text
        resource.prlimit(gateway.process.pid, resource.RLIMIT_FSIZE, limits)
        until(lambda: gateway.ask.get("/healthz").json()["audit"] == "ok")

    assert not any(answer["fallback"] for answer in during)
    assert "rialto_gateway_audit_waiting_records 10.0" in metrics
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
    assert refused.json()["detail"].startswith("the event was not recorded")
    assert verify(audit).number == 11
    written = [json.loads(line) for file in audit_files(audit) for line in file.read_text().splitlines()]
    assert [len(record["answer"]) for record in written[1:]] == list(range(20, 30))


@pytest.mark.redis
def test_a_store_that_hangs_or_dies_costs_no_answer_and_is_taken_up_again(tmp_path, triton, release):
    config, *_ = triton
    (port,) = free_ports(1)
    with running_valkey(tmp_path, port) as (url, valkey):
        options = ("--local", "--histories", url)
        gateway_of = running_gateway(tmp_path, f"127.0.0.1:{config.ports.grpc}", release.folder, *options)
        with gateway_of as gateway:
            until(lambda: not recommended(gateway)["fallback"])
            with stopped(valkey.pid):
                hung, hung_event = recommended(gateway, 21), happened(gateway, "u")
            until(lambda: not recommended(gateway, 22)["fallback"])
            valkey.kill()
            valkey.wait()
            gone, gone_event = recommended(gateway, 23), happened(gateway, "u")
            until(lambda: gateway.ask.get("/healthz").json()["histories"] != "ok")
            with running_valkey(tmp_path, port):
                until(lambda: happened(gateway, "u").status_code == 200)

    assert hung["fallback_reason"] in {"deadline", "history-store"}
    assert gone["fallback_reason"] == "history-store"
    assert len(hung["items"]) == 21
    assert {hung_event.status_code, gone_event.status_code} == {503}


def test_a_gateway_that_cannot_start_says_why_in_one_line(tmp_path, release):
    (port,) = free_ports(1)
    with (
        pytest.raises(AssertionError) as error,
        running_gateway(tmp_path, f"127.0.0.1:{port}", release.folder / "nowhere"),
    ):
        pass

    (line,) = str(error.value).splitlines()[:1]
    assert "error: " in line
    assert "nowhere has no manifest.json" in line
