"""Triton's pods on one cloud: their queue, their autoscaler and their nodes."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

import simpy

from infra.inference.autoscaling import QUEUE_TIME_METRIC
from infra.settings.inference import ReplicaSettings
from scripts.benchmarks.fleet.hpa import SYNC_SECONDS, Autoscaler, Hpa
from scripts.benchmarks.fleet.node import INTERACTIVE, Nodes, Process
from scripts.benchmarks.fleet.waiting import Flow, Line

__all__ = ["TICK_SECONDS", "Cloud", "Pod"]

TICK_SECONDS = 5
# The metric is a rate over a minute, and the scrape behind it is up to so old (infra/inference/workload.py).
RATE_SECONDS, SCRAPE_SECONDS = 60, 15
# serving/README.md: the graph takes four fifths of a request's core time.
GRAPH_SHARE = 0.8
MS, PERCENT = 1000, 100


@dataclass(frozen=True, kw_only=True)
class Pod:
    """A pod's life: `ready` once it answers, until `end`."""

    ready: simpy.Event
    end: simpy.Event


class Cloud:
    """As many pods as the autoscaler says, or always `fixed`."""

    def __init__(
        self,
        environment: simpy.Environment,
        replicas: ReplicaSettings,
        line: Line,
        nodes: Nodes,
        hpa: Hpa | None,
        first: int,
    ) -> None:
        self._environment, self._replicas, self.line, self.nodes = environment, replicas, line, nodes
        self.pods: list[Pod] = []
        self._recent: deque[tuple[float, Flow]] = deque()
        self._scale(first)
        if hpa:
            environment.process(self._autoscaled(Autoscaler(hpa)))

    @property
    def ready(self) -> int:
        """Pods that answer."""
        return sum(each.ready.triggered for each in self.pods)

    def pass_time(self, requests_per_second: float) -> Flow:
        """Let a tick pass under that load."""
        flow = self.line.pass_time(TICK_SECONDS, requests_per_second, self.ready)
        now = self._environment.now
        self._recent.append((now, flow))
        while self._recent[0][0] <= now - RATE_SECONDS - SCRAPE_SECONDS:
            self._recent.popleft()
        return flow

    def _autoscaled(self, autoscaler: Autoscaler) -> Process:
        while True:
            yield self._environment.timeout(SYNC_SECONDS)
            now, current = self._environment.now, len(self.pods)
            self._scale(autoscaler.decide(now, current, self.ready, self._seen()))

    def _seen(self) -> Mapping[str, float]:
        """What the autoscaler is told: late by a scrape, and the mean of a minute."""
        until = self._environment.now - SCRAPE_SECONDS
        flows = [flow for when, flow in self._recent if when <= until]
        answered = sum(each.answered for each in flows)
        waited = sum(each.answered * each.mean for each in flows)
        at_work = sum(each.busy for each in flows) / max(len(flows), 1)
        # A card takes the graph from the cores, and leaves them the rest.
        cores = 1 / GRAPH_SHARE - (1 if self._replicas.device == "gpu" else 0)
        used = at_work * self._replicas.instances * self._replicas.threads * cores
        return {
            QUEUE_TIME_METRIC: MS * waited / max(answered, 1e-9),
            "cpu": PERCENT * used / self._replicas.cores,
        }

    def _scale(self, wanted: int) -> None:
        while len(self.pods) < wanted:
            pod = Pod(ready=self._environment.event(), end=self._environment.event())
            self.pods.append(pod)
            self._environment.process(self.nodes.hold(INTERACTIVE, pod.ready, pod.end))
        # Those that do not answer yet go first, as the ReplicaSet controller has it.
        spare = sorted(self.pods, key=lambda pod: not pod.ready.triggered)[wanted:]
        for pod in spare:
            self.pods.remove(pod)
            pod.end.succeed()
