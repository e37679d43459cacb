"""One day of one policy: both clouds, what overflows, and training beside it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import NamedTuple

import simpy

from infra.inference.autoscaling import autoscaler_spec
from infra.settings import HybridSettings
from infra.settings.inference import ReplicaSettings
from scripts.benchmarks.fleet.cloud import TICK_SECONDS, Cloud
from scripts.benchmarks.fleet.day import DAY_SECONDS, Day
from scripts.benchmarks.fleet.hpa import Hpa
from scripts.benchmarks.fleet.node import BATCH, Nodes, Process, Times
from scripts.benchmarks.fleet.waiting import Flow, Latencies, Line
from serving.gateway.config import DEADLINE_SECONDS

__all__ = ["PER_INSTANCE", "Outcome", "Plan", "Sample", "declared_hpa", "simulate"]

# README.md, serving, on two cores that the callers shared: Triton with two instances answered 921 requests a second
# with a p99 below 50 ms, so one instance half of that; one caller alone waited 3.99 ms.
PER_INSTANCE = 460.0
ANSWER_SECONDS = 0.00399
# Guesses, as nothing ran on a cloud of ours; the image has 15 GiB.
PRIVATE_TIMES = Times(node=240, start=45)
AWS_TIMES = Times(node=300, start=60)
BRIDGE_SECONDS = 0.020
# Until the day begins: pods that are there from the start answer by then.
WARM_UP_SECONDS = 3600
# With overflow: a queue of so long refuses, and what it refuses is asked of AWS.
QUEUE_LIMIT_SECONDS = 0.050


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A policy: so many pods of the private cloud for good, or as declared; and whether AWS takes what is too much."""

    name: str
    fixed: int | None = None
    overflow: bool = False
    queue_alone: bool = False
    """Without the other metrics that are declared."""


class Sample(NamedTuple):
    """One tick: requests a second; pods that answer and nodes that are up; pods that the autoscaler wants."""

    rate: float
    pods: int
    nodes: int
    wanted: int
    aws_pods: int
    aws_nodes: int


@dataclass
class Outcome:
    """What a day brought; requests by what became of them, and a sample a tick."""

    latencies: Latencies = field(default_factory=Latencies)
    asked: float = 0.0
    refused: float = 0.0
    overflowed: float = 0.0
    samples: list[Sample] = field(default_factory=list)
    preempted: int = 0

    def count(self, rate: float, flow: Flow, there: Flow | None, crossing: float) -> None:
        """Count a tick: who was answered here, who there, and who got what sells instead."""
        self.latencies.add(flow, ANSWER_SECONDS)
        self.asked += rate * TICK_SECONDS
        self.overflowed += crossing
        self.refused += flow.refused - crossing
        if there:
            # It is asked of AWS at once where the private queue is full.
            self.latencies.add(there, ANSWER_SECONDS + BRIDGE_SECONDS)
            self.refused += there.refused

    @property
    def changes(self) -> int:
        """How often the private autoscaler changed its mind."""
        wanted = [each.wanted for each in self.samples]
        return sum(old != new for old, new in pairwise(wanted))

    def hours(self, name: str) -> float:
        """Such a figure of the samples, summed up over the hours."""
        return sum(getattr(each, name) for each in self.samples) * TICK_SECONDS / 3600


def declared_hpa(settings: HybridSettings, replicas: ReplicaSettings, *, queue_alone: bool = False) -> Hpa:
    """The autoscaler of Triton's pods as the program declares it, or as it was without its second metric."""
    found = Hpa.of(autoscaler_spec("triton", replicas, settings.inference.queue_time_ms))
    return replace(found, metrics=found.metrics[:1]) if queue_alone else found


def simulate(settings: HybridSettings, day: Day, plan: Plan, seconds: int = DAY_SECONDS) -> Outcome:
    """Let a day pass."""
    environment = simpy.Environment(initial_time=-WARM_UP_SECONDS)
    private = _private(environment, settings, plan)
    public = _public(environment, settings) if plan.fixed is None else None
    if public:
        environment.process(_training(environment, settings, public.nodes))
    outcome = Outcome()
    environment.process(_shoppers(environment, day, private, public, plan, outcome))
    environment.run(until=seconds)
    outcome.preempted = public.nodes.preempted if public else 0
    return outcome


def _private(environment: simpy.Environment, settings: HybridSettings, plan: Plan) -> Cloud:
    replicas = settings.inference.openstack
    pools = settings.openstack.cluster.pools.values()
    least = plan.fixed or sum(each.min_nodes for each in pools)
    most = plan.fixed or sum(each.max_nodes for each in pools)
    hpa = None if plan.fixed else declared_hpa(settings, replicas, queue_alone=plan.queue_alone)
    return Cloud(
        environment,
        replicas,
        Line(
            instances=replicas.instances,
            per_instance=PER_INSTANCE,
            patience=QUEUE_LIMIT_SECONDS if plan.overflow else DEADLINE_SECONDS,
        ),
        Nodes(environment, least, most, PRIVATE_TIMES),
        hpa,
        plan.fixed or replicas.min_replicas,
    )


def _public(environment: simpy.Environment, settings: HybridSettings) -> Cloud:
    replicas = settings.inference.aws
    pools = settings.aws.gpu_pools.values()
    least, most = sum(each.min_nodes for each in pools), sum(each.max_nodes for each in pools)
    # No card was measured: an instance on a card is taken to be as fast as one on a core.
    line = Line(instances=replicas.instances, per_instance=PER_INSTANCE, patience=DEADLINE_SECONDS)
    nodes = Nodes(environment, least, most, AWS_TIMES)
    return Cloud(environment, replicas, line, nodes, declared_hpa(settings, replicas), replicas.min_replicas)


def _training(environment: simpy.Environment, settings: HybridSettings, nodes: Nodes) -> Process:
    """Each night's run at its hour, for as long as it may take: nobody has timed one on these cards."""
    minute, hour = settings.training.schedule.split()[:2]
    yield environment.timeout(int(hour) * 3600 + int(minute) * 60 - environment.now)
    end = environment.timeout(settings.training.max_hours * 3600)
    for _ in range(settings.training.nodes):
        environment.process(nodes.hold(BATCH, environment.event(), end))


def _shoppers(
    environment: simpy.Environment,
    day: Day,
    private: Cloud,
    public: Cloud | None,
    plan: Plan,
    outcome: Outcome,
) -> Process:
    while True:
        rate = day.rate(environment.now)
        flow = private.pass_time(rate)
        crossing = flow.refused if plan.overflow else 0.0
        there = public.pass_time(crossing / TICK_SECONDS) if public else None
        if environment.now >= 0:
            outcome.count(rate, flow, there, crossing)
            outcome.samples.append(_sample(rate, private, public))
        yield environment.timeout(TICK_SECONDS)


def _sample(rate: float, private: Cloud, public: Cloud | None) -> Sample:
    return Sample(
        rate=rate,
        pods=private.ready,
        nodes=private.nodes.up,
        wanted=len(private.pods),
        aws_pods=public.ready if public else 0,
        aws_nodes=public.nodes.up if public else 0,
    )
