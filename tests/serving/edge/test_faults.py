"""A real Envoy before servers that fail, come and go, while callers go on and every request is counted."""

import http.client
import ssl
import threading
import time
from contextlib import contextmanager
from dataclasses import replace

import pytest

from serving.edge import launcher
from serving.edge.certificate import expires, issue
from serving.edge.config import GatewayUpstream, TokenConfig
from serving.edge.signing import AUDIENCE, ISSUER
from tests.serving.edge.estate import SERVER, running, tritons
from tests.serving.edge.upstream import upstream

pytestmark = pytest.mark.envoy

INFER = "/v2/models/recommend/infer"
CALLERS = 4
WAIT_SECONDS = 30


class Callers:
    """What callers on connections that they keep were answered."""

    def __init__(self):
        self.good, self.bad = 0, []
        self.stopped = threading.Event()
        self._lock = threading.Lock()

    def note(self, status):
        with self._lock:
            if status == 200:
                self.good += 1
            else:
                self.bad.append(status)

    def go_on(self, edge):
        context = ssl.create_default_context(cafile=edge.estate.ca)
        headers = edge.bearer("model:recommend")
        connection = http.client.HTTPSConnection("localhost", edge.config.port, timeout=30, context=context)
        while not self.stopped.is_set():
            try:
                connection.request("POST", INFER, b"{}", headers)
                answer = connection.getresponse()
                answer.read()
                self.note(answer.status)
            except (OSError, http.client.HTTPException) as error:
                self.note(repr(error))
                connection.close()
        connection.close()

    def more(self, number=200):
        """Return when so many more requests have been answered."""
        wanted, deadline = self.good + number, time.monotonic() + WAIT_SECONDS
        while self.good < wanted and time.monotonic() < deadline:
            time.sleep(0.01)
        assert self.good >= wanted, self.bad[:5]


@contextmanager
def callers(edge):
    """Callers who ask for as long as the block runs."""
    seen = Callers()
    threads = [threading.Thread(target=seen.go_on, args=(edge,)) for _ in range(CALLERS)]
    for thread in threads:
        thread.start()
    try:
        yield seen
    finally:
        seen.stopped.set()
        for thread in threads:
            thread.join(WAIT_SECONDS)
            assert not thread.is_alive()


def eventually(condition):
    deadline = time.monotonic() + WAIT_SECONDS
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    return condition()


def healthy(edge):
    found = edge.handle.admin.counters("^cluster.triton-http.membership_healthy$")
    return found["cluster.triton-http.membership_healthy"]


def test_a_server_that_answers_503_or_hangs_up_costs_no_request(estate):
    with upstream() as bad, upstream() as good:
        with running(estate, estate.config(tritons(bad.port, good.port))) as edge, callers(edge) as seen:
            seen.more()
            bad.status = 503
            seen.more()
            bad.status, bad.hang_up = 200, True
            seen.more()
        assert seen.bad == []
        assert good.asked[INFER] > bad.asked[INFER] > 0


def test_a_server_whose_model_is_not_ready_is_asked_nothing_until_it_is(estate):
    with upstream() as other, upstream() as good:
        other.ready = False
        with running(estate, estate.config(tritons(other.port, good.port))) as edge, callers(edge) as seen:
            assert eventually(lambda: healthy(edge) == 1)
            before = other.asked[INFER]
            seen.more()
            assert other.asked[INFER] == before
            other.ready = True
            assert eventually(lambda: other.asked[INFER] > before)
        assert seen.bad == []


def test_the_second_cloud_gets_nothing_while_the_first_can_carry_all(estate):
    with upstream() as private, upstream() as overflow:
        servers = [*tritons(private.port), *tritons(overflow.port, priority=1)]
        with running(estate, estate.config(servers)) as edge, callers(edge) as seen:
            seen.more(500)
        assert (seen.bad, overflow.asked[INFER]) == ([], 0)


def test_the_second_cloud_takes_over_when_the_first_is_gone_and_gives_back_when_it_is_there(estate):
    with upstream() as private, upstream() as overflow:
        servers = [*tritons(private.port), *tritons(overflow.port, priority=1)]
        with running(estate, estate.config(servers)) as edge, callers(edge) as seen:
            private.ready = False
            assert eventually(lambda: healthy(edge) == 1)
            before = private.asked[INFER]
            seen.more()
            assert private.asked[INFER] - before <= CALLERS
            private.ready = True
            assert eventually(lambda: private.asked[INFER] > before + 100)
        assert seen.bad == []
        assert overflow.asked[INFER] > 0


def test_what_the_first_cloud_is_too_busy_for_is_answered_by_the_second(estate):
    with upstream() as private, upstream() as overflow:
        private.status = 503
        servers = [*tritons(private.port), *tritons(overflow.port, priority=1)]
        with running(estate, estate.config(servers)) as edge, callers(edge) as seen:
            seen.more()
        assert seen.bad == []
        assert private.asked[INFER] > 0
        assert overflow.asked[INFER] >= 200


def test_with_half_of_the_first_cloud_the_second_gets_a_part(estate):
    with upstream() as one, upstream() as two, upstream() as overflow:
        two.ready = False
        servers = [*tritons(one.port, two.port), *tritons(overflow.port, priority=1)]
        with running(estate, estate.config(servers)) as edge:
            assert eventually(lambda: healthy(edge) == 2)
            before = one.asked[INFER]
            with callers(edge) as seen:
                seen.more(1000)
        assert seen.bad == []
        # Half healthy x 1.4 is what Envoy trusts the first cloud with.
        share = (one.asked[INFER] - before) / seen.good
        assert 0.6 < share < 0.8


def test_an_event_is_never_sent_twice_but_a_question_is(estate):
    with upstream() as triton, upstream() as gateway:
        config = estate.config(tritons(triton.port), GatewayUpstream(host="127.0.0.1", port=gateway.port))
        with running(estate, config) as edge, edge.client() as client:
            headers = edge.bearer("events", "recommend")
            gateway.hang_up = True
            assert client.post("/events", content=b"{}", headers=headers).status_code == 503
            assert client.get("/recommend", headers=headers).status_code == 503
            assert gateway.asked == {"/events": 1, "/recommend": 2}


def test_with_nobody_behind_it_the_answer_is_503_with_a_time_to_come_again(estate):
    with running(estate, estate.config(tritons(9))) as edge, edge.client() as client:
        answer = client.post(INFER, content=b"{}", headers=edge.bearer("model:recommend"))

    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "1"


def test_another_configuration_costs_no_request(estate):
    with upstream() as first, upstream() as second:
        config = estate.config(tritons(first.port))
        with running(estate, config) as edge, callers(edge) as seen:
            for ports in ((first.port, second.port), (second.port,), (first.port,)):
                seen.more()
                limits = replace(config.limits, json_depth=config.limits.json_depth + len(ports))
                launcher.change(edge.handle, replace(config, tritons=tritons(*ports), limits=limits))
            seen.more()
        assert seen.bad == []
        assert second.asked[INFER] > 0


def test_a_configuration_that_envoy_refuses_changes_nothing(estate):
    with upstream() as triton:
        config = estate.config(tritons(triton.port))
        with running(estate, config) as edge, callers(edge) as seen:
            broken = replace(config, tokens=TokenConfig(issuer=ISSUER, audience=AUDIENCE, jwks="{}"))
            with pytest.raises(ValueError, match=r"^Envoy does not take the edge's configuration: .*jwks"):
                launcher.change(edge.handle, broken)
            seen.more()
        assert seen.bad == []


def shown(edge):
    """When the certificate ends that callers are shown."""
    context = ssl.create_default_context(cafile=edge.estate.ca)
    connection = http.client.HTTPSConnection("localhost", edge.config.port, timeout=30, context=context)
    connection.connect()
    end = ssl.cert_time_to_seconds(connection.sock.getpeercert()["notAfter"])
    connection.close()
    return end


def test_a_certificate_is_replaced_without_a_lost_request(estate):
    with upstream() as triton, running(estate, estate.config(tritons(triton.port))) as edge:
        with callers(edge) as seen:
            for days in (100, 200):
                seen.more()
                issue(estate.authority, estate.root / "server", replace(SERVER, days=days))
                end = int(expires(estate.root / "server").timestamp())
                assert eventually(lambda end=end: shown(edge) == end)
            seen.more()
        assert seen.bad == []


def test_an_expired_certificate_is_refused_by_callers_until_it_is_replaced(estate):
    issue(estate.authority, estate.root / "server", replace(SERVER, days=-1 / 24 / 3600))
    with upstream() as triton, running(estate, estate.config(tritons(triton.port))) as edge:
        with pytest.raises(ssl.SSLCertVerificationError, match="expired"):
            shown(edge)

        issue(estate.authority, estate.root / "server", SERVER)

        def answers():
            try:
                return shown(edge) > time.time()
            except ssl.SSLCertVerificationError:
                return False

        assert eventually(answers)


def test_tokens_of_two_keys_are_good_while_keys_change_and_then_those_of_one(estate):
    with upstream() as triton:
        config = estate.config(tritons(triton.port))
        with running(estate, config) as edge, edge.client() as client:

            def status(headers):
                return client.post(INFER, content=b"{}", headers=headers).status_code

            def change_keys():
                estate.ring.rotate()
                jwks = estate.ring.jwks()
                # The new key waits until the edge knows it.
                assert status(edge.bearer("model:recommend")) == 200
                tokens = TokenConfig(issuer=ISSUER, audience=AUDIENCE, jwks=jwks)
                launcher.change(edge.handle, replace(config, tokens=tokens))
                estate.ring.believed(jwks)

            first = edge.bearer("model:recommend")
            change_keys()
            second = edge.bearer("model:recommend")
            assert (status(first), status(second)) == (200, 200)
            change_keys()
            # Connections of before have some seconds to end.
            assert eventually(lambda: status(first) == 401)
            assert status(second) == 200


def test_an_edge_that_ends_lets_its_callers_finish_and_leaves_nothing(estate):
    with upstream() as triton:
        with running(estate, estate.config(tritons(triton.port))) as edge:
            assert edge.handle.alive()
        assert not edge.handle.alive()
        launcher.stop(edge.handle)


def test_a_second_start_and_a_taken_port_are_refused_with_the_remedy(estate):
    with upstream() as triton:
        config = estate.config(tritons(triton.port))
        with running(estate, config) as edge:
            with pytest.raises(ValueError, match=rf"runs already \(process {edge.handle.process.pid}\)"):
                launcher.start(config)
            other = replace(config, folder=f"{config.folder}-2")
            with pytest.raises(ValueError, match=f"^port is {config.port}, but another program listens"):
                launcher.start(other)
