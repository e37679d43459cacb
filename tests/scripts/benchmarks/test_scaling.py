"""A few hours of the simulated day, from prod's own settings."""

from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest

from scripts.benchmarks.fleet.day import DAY_SECONDS, Day
from scripts.benchmarks.fleet.plot import plot
from scripts.benchmarks.fleet.simulation import PER_INSTANCE, Plan, simulate
from scripts.benchmarks.scaling import Found, bench, days, plans, rows

HOURS = 3600
AS_DECLARED = Plan(name="as declared")


@pytest.fixture(scope="module")
def recorded():
    return Day.recorded(peak=1.0)


@pytest.fixture
def morning(recorded, prod_settings):
    """The recorded hours from ten on, at a load of which the peak is all that the private cloud can do."""
    replicas = prod_settings.inference.openstack
    ten = 10 * len(recorded.shape) // 24
    peak = replicas.max_replicas * replicas.instances * PER_INSTANCE
    return replace(recorded, shape=np.roll(recorded.shape, -ten), peak=peak)


def test_the_day_is_quiet_at_night_and_has_its_peak_where_people_shop(recorded):
    at = {hour: recorded.rate(hour * HOURS) for hour in (4, 12, 18)}

    assert at[4] < 0.2 < at[12] < at[18]
    assert recorded.most == pytest.approx(1.0, abs=0.01)
    assert recorded.mean == pytest.approx(
        sum(recorded.rate(s) for s in range(0, DAY_SECONDS, 60)) / 1440, rel=0.01
    )


def test_the_queue_alone_swings_where_the_declared_autoscaler_follows_the_load(prod_settings, morning):
    swinging = simulate(prod_settings, morning, Plan(name="queue", queue_alone=True), 6 * HOURS)
    following = simulate(prod_settings, morning, AS_DECLARED, 6 * HOURS)

    assert swinging.changes > 5 * following.changes > 0
    assert following.refused / following.asked < 0.001 < 0.01 < swinging.refused / swinging.asked


def test_what_is_too_much_for_the_private_cloud_goes_to_aws_where_it_may(prod_settings, morning):
    surging = replace(morning, surge=morning.peak, surge_at=1.0 * HOURS)
    alone = simulate(prod_settings, surging, AS_DECLARED, 2 * HOURS)
    helped = simulate(prod_settings, surging, Plan(name="overflow", overflow=True), 2 * HOURS)

    assert alone.overflowed == 0
    assert helped.overflowed > 0
    assert helped.refused < alone.refused
    # Of the pool that begins with none: more pods than the nodes that are always there.
    assert max(each.aws_pods for each in helped.samples) > prod_settings.aws.gpu_pools["base"].min_nodes


def test_training_has_its_nodes_at_night_and_nobody_takes_them_as_long_as_all_fit(prod_settings, recorded):
    night = simulate(prod_settings, replace(recorded, peak=1000.0), AS_DECLARED, 4 * HOURS)

    least = sum(each.min_nodes for each in prod_settings.aws.gpu_pools.values())
    assert night.samples[0].aws_nodes == least
    assert night.samples[-1].aws_nodes == least + prod_settings.training.nodes
    assert night.preempted == 0


def test_static_sizes_pay_nothing_to_aws_and_autoscaling_the_price_of_its_nodes(prod_settings):
    found = bench(prod_settings, {"sale": days(prod_settings)["sale"]}, seconds=HOURS // 2)
    measured = {row.name: row for row in rows(found)}

    assert [each.plan for each in found] == plans(prod_settings, days(prod_settings)["sale"])
    assert measured["sale, static, peak: without the model's answer"].met
    assert measured["sale, static, peak: AWS a day, at most"].measured == 0
    hours = next(each for each in found if each.plan == AS_DECLARED).outcome.hours("aws_nodes")
    assert 1.0 < measured["sale, as declared: AWS a day, at most"].measured / hours < 1.1


def test_a_pod_too_few_misses_its_goal(prod_settings, morning):
    plan = Plan(name="one pod", fixed=1)
    outcome = simulate(prod_settings, morning, plan, HOURS)
    found = Found(day="morning", plan=plan, outcome=outcome, dollars=0.0)

    assert {row.name: row.met for row in rows([found])}[
        "morning, one pod: without the model's answer"
    ] is False


def test_the_plot_has_a_chart_for_each_policy(prod_settings, recorded):
    outcome = simulate(prod_settings, replace(recorded, peak=1000.0), AS_DECLARED, HOURS // 4)
    root = ElementTree.fromstring(plot({"a & b": outcome, "c": outcome}))

    assert len(root.findall("{*}g")) == 2
