"""The nodes of one cloud and who holds them: SimPy's preemptive resource is the scheduler with its priorities."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import simpy

__all__ = ["BATCH", "INTERACTIVE", "Nodes", "Times"]

Process = Generator[simpy.Event, Any, None]
# SimPy takes the smaller number first. infra/ has two classes: serving, and training, which takes from nobody.
INTERACTIVE, BATCH = 0, 1
# The cluster autoscaler's default, --scale-down-unneeded-time.
UNNEEDED_SECONDS = 600


@dataclass(frozen=True, kw_only=True)
class Times:
    """Seconds until a node has joined with its image pulled, and until a pod on it answers.

    Nobody has measured them on a cloud of ours: they are guesses within what infra/inference allows
    (ROLLOUT_SECONDS, START_SECONDS).
    """

    node: float
    start: float


class Nodes:
    """Nodes of one size, each with room for one pod; `least` are always there."""

    def __init__(self, environment: simpy.Environment, least: int, most: int, times: Times) -> None:
        self.environment, self.least, self.times = environment, least, times
        self.places = simpy.PreemptiveResource(environment, capacity=most)
        self.up = self.idle = least
        self.preempted = 0

    def hold(self, priority: int, ready: simpy.Event, end: simpy.Event) -> Process:
        """Take a node, start a pod there, succeed `ready` and stay until `end`; begin anew if it is taken away."""
        while not end.processed:
            with self.places.request(priority=priority, preempt=priority == INTERACTIVE) as place:
                yield place | end
                if end.processed:
                    return
                try:
                    yield from self._boot()
                    yield self.environment.timeout(self.times.start) | end
                    if not ready.triggered:
                        ready.succeed()
                    yield end
                except simpy.Interrupt:
                    self.preempted += 1
                finally:
                    self.idle += 1
            self.environment.process(self._unneeded())

    def _boot(self) -> Process:
        if self.idle:
            self.idle -= 1
            return
        self.up += 1
        yield self.environment.timeout(self.times.node)

    def _unneeded(self) -> Process:
        yield self.environment.timeout(UNNEEDED_SECONDS)
        if self.idle and self.up > self.least:
            self.idle -= 1
            self.up -= 1
