"""Kubernetes' HorizontalPodAutoscaler, from the specification that the program declares.

Source: https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/ ("Algorithm details",
"Configurable scaling behavior").
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

__all__ = ["SYNC_SECONDS", "Autoscaler", "Hpa", "Metric", "Policy", "Rules"]

# Defaults of kube-controller-manager: --horizontal-pod-autoscaler-sync-period and -tolerance.
SYNC_SECONDS = 15
TOLERANCE = 0.1
PERCENT = 100


@dataclass(frozen=True, kw_only=True)
class Metric:
    """The mean over pods that is held, such as a queue time in ms or the per cent of the asked cores."""

    name: str
    target: float


@dataclass(frozen=True, kw_only=True)
class Policy:
    """The most that may change within `period` seconds: pods, or per cent of those there were."""

    kind: str
    value: int
    period: float


@dataclass(frozen=True, kw_only=True)
class Rules:
    """One direction: for how many seconds the most careful proposal counts, and how fast it may go."""

    window: float
    policies: Sequence[Policy]
    select: str

    @classmethod
    def of(cls, declared: Mapping[str, Any]) -> Self:
        """From the declared behaviour."""
        policies = [
            Policy(kind=each["type"], value=each["value"], period=each["period_seconds"])
            for each in declared["policies"]
        ]
        return cls(
            window=declared["stabilization_window_seconds"],
            policies=policies,
            select=declared.get("select_policy", "Max"),
        )


@dataclass(frozen=True, kw_only=True)
class Hpa:
    """What is declared: the ends, the metrics, and how fast it may go up and down."""

    least: int
    most: int
    metrics: Sequence[Metric]
    up: Rules
    down: Rules

    @classmethod
    def of(cls, spec: Mapping[str, Any]) -> Self:
        """From the specification in Pulumi's names."""
        return cls(
            least=spec["min_replicas"],
            most=spec["max_replicas"],
            metrics=[_metric(each) for each in spec["metrics"]],
            up=Rules.of(spec["behavior"]["scale_up"]),
            down=Rules.of(spec["behavior"]["scale_down"]),
        )


def _metric(declared: Mapping[str, Any]) -> Metric:
    if declared["type"] == "Pods":
        pods = declared["pods"]
        return Metric(name=pods["metric"]["name"], target=float(pods["target"]["average_value"]))
    cores = declared["container_resource"]
    return Metric(name=cores["name"], target=float(cores["target"]["average_utilization"]))


@dataclass
class Autoscaler:
    """The controller's memory, and its one decision every `SYNC_SECONDS`."""

    hpa: Hpa
    proposals: list[tuple[float, int]] = field(default_factory=list)
    changes: list[tuple[float, int]] = field(default_factory=list)

    def decide(self, now: float, current: int, ready: int, values: Mapping[str, float]) -> int:
        """The replicas from now on: of `current` pods `ready` are, and these have `values` in the mean."""
        wanted = max(_proposal(metric, values[metric.name], current, ready) for metric in self.hpa.metrics)
        wanted = min(max(wanted, self.hpa.least), self.hpa.most)
        self.proposals.append((now, wanted))
        calm = self._calmed(now, current)
        allowed = self._allowed(now, current, calm)
        if allowed != current:
            self.changes.append((now, allowed - current))
        return allowed

    def _calmed(self, now: float, current: int) -> int:
        """Up only to the least that was proposed within the window upwards, down only to the most of its own."""
        longest = max(self.hpa.up.window, self.hpa.down.window)
        self.proposals = [each for each in self.proposals if each[0] >= now - longest]
        up = min(count for when, count in self.proposals if when >= now - self.hpa.up.window)
        down = max(count for when, count in self.proposals if when >= now - self.hpa.down.window)
        return up if up > current else min(down, current)

    def _allowed(self, now: float, current: int, wanted: int) -> int:
        if wanted > current:
            return max(min(wanted, self._limit(now, current, self.hpa.up, _more)), current)
        if wanted < current:
            return min(max(wanted, self._limit(now, current, self.hpa.down, _fewer)), current)
        return current

    def _limit(self, now: float, current: int, rules: Rules, step: Callable[[Policy, int], int]) -> int:
        """How far the policies let it go, from what was there when each one's period began."""
        limits = [
            step(each, current - sum(count for when, count in self.changes if when > now - each.period))
            for each in rules.policies
        ]
        far = max if (step is _more) == (rules.select == "Max") else min
        return far(limits)


def _proposal(metric: Metric, value: float, current: int, ready: int) -> int:
    """The algorithm's ceil(pods x value / target); pods that do not answer yet never make the change larger."""
    ratio = value / metric.target
    if abs(ratio - 1) <= TOLERANCE or not ready:
        return current
    missing = current - ready
    if not missing:
        return math.ceil(ratio * ready)
    # Not there yet: as if without load where it would grow, as if right at the target where it would shrink.
    careful = (ratio * ready + (missing if ratio < 1 else 0)) / current
    if abs(careful - 1) <= TOLERANCE or (careful > 1) != (ratio > 1):
        return current
    return math.ceil(careful * current)


def _more(policy: Policy, before: int) -> int:
    if policy.kind == "Percent":
        return math.ceil(before * (1 + policy.value / PERCENT))
    return before + policy.value


def _fewer(policy: Policy, before: int) -> int:
    if policy.kind == "Percent":
        return math.floor(before * (1 - policy.value / PERCENT))
    return before - policy.value
