"""A simulated day of Triton's pods: static sizes beside the autoscaling that the stack declares, with a peak.

The load is the day of a year of groceries, scaled to what the private cloud can carry; the speed of an instance is
what README.md measured on two cores. Nothing of it ran on a cluster.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from infra.monitoring.objective import OBJECTIVES
from infra.policy.price import HOURS_PER_MONTH, Prices
from infra.settings import HybridSettings
from scripts.benchmarks.fleet.day import DAY_SECONDS, Day
from scripts.benchmarks.fleet.plot import plot
from scripts.benchmarks.fleet.simulation import PER_INSTANCE, Outcome, Plan, simulate
from scripts.benchmarks.machine import describe
from scripts.benchmarks.result import FOLDER, Result, Row
from scripts.lab.plan import stack_settings
from serving.edge.bootstrap import PROMISE_MS

__all__ = ["Found", "bench", "days", "main", "plans", "rows"]

# A static size has this much of its cores at work when the load is what it was sized for.
STATIC_BUSY = 0.7
# Of what all pods of the private cloud can answer: a day that it carries, and one that it cannot.
NORMAL_PEAK, SALE_PEAK, SALE_SURGE = 0.6, 1.0, 0.3
MOST_FALLBACKS = next(each.budget for each in OBJECTIVES if each.name == "model-answers")
MS, PERCENT = 1000, 100


@dataclass(frozen=True, kw_only=True)
class Found:
    """One policy on one day."""

    day: str
    plan: Plan
    outcome: Outcome
    dollars: float


def main() -> None:
    """Simulate both days, print what every policy comes to, write JSON and plot."""
    parser = argparse.ArgumentParser(prog="scripts/bench scaling", description=__doc__)
    parser.add_argument("environment", nargs="?", default="prod", choices=("dev", "prod"))
    chosen = parser.parse_args().environment
    console = Console()
    started = time.monotonic()
    try:
        settings = stack_settings(chosen)
        found = bench(settings, days(settings), lambda line: console.print(line, highlight=False))
    except (ValueError, OSError) as error:
        sys.exit(f"error: {error}")
    result = Result(
        name="scaling",
        machine={**describe(["simpy", "numpy"]), "stack": chosen, "answers-per-instance": PER_INSTANCE},
        seconds=time.monotonic() - started,
        rows=list(rows(found)),
    )
    console.print(result.table())
    for day in dict.fromkeys(each.day for each in found):
        console.print(table(day, [each for each in found if each.day == day]))
    picture = FOLDER / "scaling.svg"
    file = result.write()
    picture.write_text(plot({f"{each.day}: {each.plan.name}": each.outcome for each in found}))
    print(
        f"next: every row is in {file}, pods over the day in {picture}; scripts/benchmarks/fleet/README.md reads them"
    )


def bench(
    settings: HybridSettings,
    chosen: Mapping[str, Day],
    say: Callable[[str], None] = lambda _: None,
    seconds: int = DAY_SECONDS,
) -> list[Found]:
    """Every policy on every day."""
    found = []
    for name, day in chosen.items():
        for plan in plans(settings, day):
            say(f"{name}: {plan.name} ...")
            outcome = simulate(settings, day, plan, seconds)
            found.append(Found(day=name, plan=plan, outcome=outcome, dollars=_dollars(settings, outcome)))
    return found


def days(settings: HybridSettings) -> dict[str, Day]:
    """A day whose peak the private cloud carries, and one that asks for more than it has."""
    replicas = settings.inference.openstack
    most = replicas.max_replicas * replicas.instances * PER_INSTANCE
    return {
        "normal day": Day.recorded(NORMAL_PEAK * most),
        "sale": Day.recorded(SALE_PEAK * most, SALE_SURGE * most),
    }


def plans(settings: HybridSettings, day: Day) -> list[Plan]:
    """What is compared."""
    return [
        Plan(name="static, peak", fixed=_static(settings, day.most)),
        Plan(name="static, mean", fixed=_static(settings, day.mean)),
        Plan(name="queue alone", queue_alone=True),
        Plan(name="as declared"),
        Plan(name="with overflow", overflow=True),
    ]


def rows(found: Iterable[Found]) -> Iterator[Row]:
    """What each policy promises and what it takes, day by day."""
    for each in found:
        name, outcome = f"{each.day}, {each.plan.name}", each.outcome
        pods = [sample.pods for sample in outcome.samples]
        p50, p99 = (MS * outcome.latencies.quantile(share) for share in (0.5, 0.99))
        fallbacks = PERCENT * outcome.refused / outcome.asked
        yield Row(name=f"{name}: p50", measured=p50, unit="ms")
        yield Row(name=f"{name}: p99", measured=p99, unit="ms", goal=PROMISE_MS, better="less")
        yield Row(
            name=f"{name}: without the model's answer",
            measured=fallbacks,
            unit="%",
            goal=PERCENT * MOST_FALLBACKS,
            better="less",
        )
        yield Row(
            name=f"{name}: answered by AWS",
            measured=PERCENT * outcome.overflowed / outcome.asked,
            unit="%",
        )
        for word, value in {"least": min(pods), "mean": sum(pods) / len(pods), "most": max(pods)}.items():
            yield Row(name=f"{name}: pods, {word}", measured=value, unit="")
        yield Row(name=f"{name}: changes of the number of pods", measured=outcome.changes, unit="")
        yield Row(name=f"{name}: hours of private nodes", measured=outcome.hours("nodes"), unit="h")
        yield Row(
            name=f"{name}: AWS nodes, most", measured=max(s.aws_nodes for s in outcome.samples), unit=""
        )
        yield Row(name=f"{name}: AWS a day, at most", measured=each.dollars, unit="$")
        yield Row(name=f"{name}: training interrupted", measured=outcome.preempted, unit="")


def table(day: str, found: Iterable[Found]) -> Table:
    """A line a policy; p50 and p99 in ms, pods as least, mean and most, hours of private nodes, dollars for AWS."""
    shown = Table(title=day, title_justify="left", box=None)
    shown.add_column("policy", no_wrap=True)
    for heading in ("p50", "p99", "fallback", "AWS", "pods", "changes", "node-h", "$/day"):
        shown.add_column(heading, justify="right", no_wrap=True)
    for each in found:
        outcome, pods = each.outcome, [sample.pods for sample in each.outcome.samples]
        shown.add_row(
            each.plan.name,
            *(f"{MS * outcome.latencies.quantile(share):.1f}" for share in (0.5, 0.99)),
            f"{outcome.refused / outcome.asked:.2%}",
            f"{outcome.overflowed / outcome.asked:.2%}",
            f"{min(pods)}/{sum(pods) / len(pods):.1f}/{max(pods)}",
            str(outcome.changes),
            f"{outcome.hours('nodes'):.0f}",
            f"{each.dollars:.0f}",
        )
    return shown


def _static(settings: HybridSettings, rate: float) -> int:
    return math.ceil(rate / (settings.inference.openstack.instances * PER_INSTANCE * STATIC_BUSY))


def _dollars(settings: HybridSettings, outcome: Outcome) -> float:
    """GPU nodes and their disks at what they cost on demand, which spot never exceeds."""
    prices = Prices.load()
    kind = next(iter(settings.aws.gpu_pools.values())).instance_types[0]
    disk = settings.aws.gpu_disk_gib * prices.volume_gib_month["gp3"] / HOURS_PER_MONTH
    return outcome.hours("aws_nodes") * (prices.instance_hour[kind] + disk)


if __name__ == "__main__":
    main()
