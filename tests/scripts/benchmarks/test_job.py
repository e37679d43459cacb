import asyncio
import time

import numpy as np
import pytest

from scripts.benchmarks.load.connection import RefusedError
from scripts.benchmarks.load.job import Ask, ClosedLoop, Outcome, Poisson, Surge, Tally, arrivals
from serving.failure import ServerError


class Server:
    """Answers after `seconds`, and counts."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.seconds = seconds
        self.asked = []
        self.under_way = self.most = 0

    async def __call__(self, number):
        self.asked.append(number)
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        await asyncio.sleep(self.seconds)
        self.under_way -= 1
        return [number, number + 1]

    def item_ids(self, answer):
        return answer


def run(job, server):
    return asyncio.run(job.run(server, server))


def test_arrivals_come_at_the_rate_with_the_spread_of_chance():
    due = arrivals(rate=200.0, requests=20_000, seed=1)
    gaps = np.diff(due, prepend=0)

    assert len(due) == 20_000
    assert due[-1] == pytest.approx(100, rel=0.03)
    # An exponential distribution's deviation is its mean.
    assert gaps.std() == pytest.approx(gaps.mean(), rel=0.05)
    # Arrivals in a second are Poisson: variance as large as the mean.
    counts = np.bincount(due.astype(int))[:-1]
    assert counts.var() == pytest.approx(counts.mean(), rel=0.5)


def test_every_contender_meets_the_same_arrivals_and_every_round_others():
    assert (arrivals(50, 100, seed=1) == arrivals(50, 100, seed=1)).all()
    assert (arrivals(50, 100, seed=1) != arrivals(50, 100, seed=2)).any()


def test_a_closed_loop_keeps_as_many_calls_under_way_as_it_has_callers():
    server = Server(0.01)

    window = run(ClosedLoop(connections=4, seconds=0.3, warmup_seconds=0.1), server)

    assert server.most == 4
    # Callers start at payloads of their own.
    assert sorted(server.asked[:4]) == [0, 1, 2, 3]
    assert window.latency(1) >= 10
    assert 0 < window.throughput <= 400
    assert window.seconds == 0.3


def test_a_closed_loop_counts_only_what_is_answered_after_the_warm_up():
    server = Server(0.02)

    window = run(ClosedLoop(connections=1, seconds=0.1, warmup_seconds=0.3), server)

    assert 1 <= len(window.latencies_ms) <= 6
    assert len(server.asked) > len(window.latencies_ms) + 5


def test_poisson_latency_counts_from_when_a_request_was_due():
    class Stalling(Server):
        async def __call__(self, number):
            if number == 0:
                # A server, or a caller, that stands still for all.
                time.sleep(0.2)
            return await super().__call__(number)

    window = run(Poisson(rate=200, requests=40, seed=0, connections=8), Stalling())

    assert len(window.latencies_ms) == len(window.late_ms) == 40
    # Requests were due all through the stall, and each one's waiting shows.
    assert (window.latencies_ms > 50).sum() > 10
    assert window.late_ms.max() > 100


def test_poisson_requests_do_not_wait_for_answers_until_all_connections_are_busy():
    server = Server(0.1)

    window = run(Poisson(rate=400, requests=60, seed=0, connections=6), server)

    assert server.most == 6
    # Six at a time take a second, so the later ones queued in front of the connections.
    assert window.latency(99) > 500


def test_poisson_gives_up_on_a_server_that_falls_far_behind_and_says_how_much_it_sent():
    server = Server(0.2)

    window = run(Poisson(rate=1000, requests=200, seed=0, connections=2), server)

    assert 2 <= len(window.latencies_ms) < 30
    assert window.seconds < 1.5


@pytest.mark.parametrize(
    "job",
    [
        ClosedLoop(connections=2, seconds=5, warmup_seconds=0),
        Poisson(rate=100, requests=500, seed=0, connections=4),
    ],
)
def test_the_first_failure_ends_the_load(job):
    async def failing(number):
        raise ServerError("no answer")

    started = time.monotonic()
    with pytest.raises(ExceptionGroup) as caught:
        run(job, failing)

    assert caught.value.subgroup(ServerError)
    assert time.monotonic() - started < 2


def test_asking_returns_what_is_recommended_for_each_payload():
    assert run(Ask(3), Server()) == [[0, 1], [1, 2], [2, 3]]


def test_a_surge_notes_when_each_request_was_due_and_what_became_of_it():
    heads = {
        1: b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1",
        2: b"HTTP/1.1 503 Service Unavailable",
        3: b"HTTP/1.1 500 Internal Server Error\r\nRetry-After: 1",
    }

    async def answering(number):
        kind = number % 6
        if kind in heads:
            raise RefusedError(heads[kind], b"")
        if kind == 4:
            raise ServerError("it hung up")
        return b'{"fallback":true}' if kind == 5 else b'{"fallback":false}'

    due, took, outcome = asyncio.run(
        Surge(rates=(200, 800, 200), seconds=0.5, connections=16).run(answering, None)
    ).T

    in_order = outcome[np.argsort(due)][:6].tolist()
    failed = Outcome.FAILED
    assert in_order == [Outcome.MODEL, Outcome.AGAIN, failed, failed, failed, Outcome.FALLBACK]
    before, during, after = (((due >= begin) & (due < begin + 0.5)).sum() for begin in (0, 0.5, 1))
    assert len(due) == before + during + after
    assert during > 2 * max(before, after)
    assert (took >= 0).all()


def test_a_tally_asks_so_often_and_notes_when_and_with_what_outcome():
    server = Server(0.01)

    async def answering(number):
        await server(number)
        return b'{"fallback":true}' if number % 2 else b"{}"

    begin = time.perf_counter()
    asked, took, outcome = asyncio.run(Tally(requests=40, connections=4).run(answering, None)).T

    assert (server.most, sorted(server.asked)) == (4, list(range(40)))
    assert (outcome == Outcome.MODEL).sum() == (outcome == Outcome.FALLBACK).sum() == 20
    assert (took >= 0.01).all()
    assert (asked >= begin).all()
    assert (asked + took <= time.perf_counter()).all()


def test_in_a_tally_who_fails_asks_no_more_and_who_is_told_to_come_again_does():
    async def answering(number):
        await asyncio.sleep(0.001)
        if number == 0:
            raise ServerError("it hung up")
        raise RefusedError(b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1", b"")

    one = asyncio.run(Tally(requests=50, connections=1).run(answering, None))
    two = asyncio.run(Tally(requests=50, connections=2).run(answering, None))

    assert one[:, 2].tolist() == [Outcome.FAILED]
    assert sorted(two[:, 2].tolist()) == [*[Outcome.AGAIN] * 49, Outcome.FAILED]
