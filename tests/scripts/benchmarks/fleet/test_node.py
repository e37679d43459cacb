"""Who gets a node, and when it answers."""

import simpy

from scripts.benchmarks.fleet.node import BATCH, INTERACTIVE, UNNEEDED_SECONDS, Nodes, Times

TIMES = Times(node=300, start=60)


def held(nodes, priority, seconds=None):
    environment = nodes.environment
    ready = environment.event()
    end = environment.event() if seconds is None else environment.timeout(seconds)
    environment.process(nodes.hold(priority, ready, end))
    return ready, end


def test_from_zero_a_pod_waits_for_a_node_and_then_for_its_own_start():
    nodes = Nodes(simpy.Environment(), 0, 2, TIMES)
    ready, _ = held(nodes, INTERACTIVE)

    nodes.environment.run(until=359)
    assert not ready.triggered
    nodes.environment.run(until=361)
    assert ready.triggered
    assert nodes.up == 1


def test_serving_takes_a_node_from_training_which_goes_on_when_one_is_free():
    nodes = Nodes(simpy.Environment(), 1, 1, TIMES)
    trained, _ = held(nodes, BATCH, 50_000)
    nodes.environment.run(until=1000)
    assert trained.triggered
    ready, end = held(nodes, INTERACTIVE)

    nodes.environment.run(until=1061)
    assert ready.triggered
    assert (nodes.preempted, nodes.places.count) == (1, 1)
    end.succeed()
    nodes.environment.run(until=1100)
    # Training again.
    assert nodes.places.users[0].priority == BATCH


def test_training_waits_for_serving_and_takes_from_nobody():
    nodes = Nodes(simpy.Environment(), 1, 1, TIMES)
    held(nodes, INTERACTIVE)
    nodes.environment.run(until=100)
    trained, _ = held(nodes, BATCH, 5000)

    nodes.environment.run(until=2000)
    assert not trained.triggered
    assert nodes.preempted == 0


def test_a_node_that_nobody_needs_goes_after_ten_minutes_but_never_the_last_that_must_be_there():
    nodes = Nodes(simpy.Environment(), 1, 3, TIMES)
    ends = [held(nodes, INTERACTIVE)[1] for _ in range(3)]
    nodes.environment.run(until=1000)
    assert nodes.up == 3
    for end in ends:
        end.succeed()

    nodes.environment.run(until=1000 + UNNEEDED_SECONDS + 1)
    assert nodes.up == 1
