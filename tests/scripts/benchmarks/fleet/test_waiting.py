"""The formula of the queue against single requests, one after the other, in SimPy."""

import random

import pytest
import simpy

from scripts.benchmarks.fleet.waiting import Latencies, Line, late_share

PER_INSTANCE = 100.0
REQUESTS = 40_000


def one_by_one(instances, busy):
    """Seconds that each of many requests waited for one of the instances."""
    environment, chance = simpy.Environment(), random.Random(7)
    servers = simpy.Resource(environment, capacity=instances)
    waits = []

    def request():
        came = environment.now
        with servers.request() as mine:
            yield mine
            waits.append(environment.now - came)
            yield environment.timeout(chance.expovariate(PER_INSTANCE))

    def stream():
        for _ in range(REQUESTS):
            yield environment.timeout(chance.expovariate(busy * instances * PER_INSTANCE))
            environment.process(request())

    environment.process(stream())
    environment.run()
    return sorted(waits)


def test_the_formula_waits_as_long_as_single_requests_do():
    waits = one_by_one(instances=5, busy=0.8)
    flow = Line(instances=5, per_instance=PER_INSTANCE, patience=10.0).pass_time(
        1.0, 0.8 * 5 * PER_INSTANCE, 1
    )
    latencies = Latencies()
    latencies.add(flow, 0.0)

    # 40,000 requests that hang together: a tenth is their chance.
    assert late_share(5, 0.8) == pytest.approx(sum(wait > 0 for wait in waits) / REQUESTS, rel=0.1)
    assert flow.mean == pytest.approx(sum(waits) / REQUESTS, rel=0.1)
    assert latencies.quantile(0.99) == pytest.approx(waits[int(0.99 * REQUESTS)], rel=0.1)


def test_above_what_pods_can_do_the_line_grows_to_everybodys_patience_and_the_rest_leaves():
    line = Line(instances=1, per_instance=100.0, patience=0.1)

    flows = [line.pass_time(5.0, 150.0, pods=1) for _ in range(3)]

    assert flows[-1].seconds == pytest.approx(0.1)
    assert flows[-1].refused >= 250.0
    assert line.pass_time(5.0, 10.0, pods=1).refused == pytest.approx(0.0, abs=1.0)
    assert line.pass_time(5.0, 10.0, pods=1).seconds == 0.0


def test_without_a_pod_nobody_is_answered_and_every_request_is_counted():
    flow = Line(instances=1, per_instance=100.0, patience=0.1).pass_time(5.0, 10.0, pods=0)

    assert (flow.answered, flow.refused) == (0.0, 50.0)


def test_no_answer_takes_longer_than_the_patience_and_its_own_time():
    line, latencies = Line(instances=1, per_instance=100.0, patience=0.1), Latencies()
    for _ in range(20):
        latencies.add(line.pass_time(5.0, 300.0, pods=1), 0.004)

    assert latencies.quantile(1.0) <= 0.1041
