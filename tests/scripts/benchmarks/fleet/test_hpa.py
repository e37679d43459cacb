"""The autoscaler's decisions, each by a sentence of Kubernetes' documentation."""

import pytest

from infra.inference.autoscaling import QUEUE_TIME_METRIC
from scripts.benchmarks.fleet.hpa import Autoscaler, Hpa, Metric, Policy, Rules
from scripts.benchmarks.fleet.simulation import declared_hpa

UP = Rules(window=0, policies=[Policy(kind="Percent", value=100, period=60)], select="Max")
DOWN = Rules(window=300, policies=[Policy(kind="Pods", value=1, period=60)], select="Max")


def autoscaler(up=UP, down=DOWN, most=20):
    metrics = [Metric(name="queue", target=10.0)]
    return Autoscaler(Hpa(least=1, most=most, metrics=metrics, up=up, down=down))


def decided(scaler, queue, *, now=0.0, pods=4, ready=None):
    return scaler.decide(now, pods, pods if ready is None else ready, {"queue": queue})


@pytest.mark.parametrize(("queue", "pods"), [(10.9, 4), (9.1, 4), (12.0, 5), (14.9, 6), (20.0, 8)])
def test_pods_grow_with_the_ratio_and_within_a_tenth_nothing_happens(queue, pods):
    assert decided(autoscaler(), queue) == pods


def test_no_more_than_the_policies_of_a_period_allow():
    scaler = autoscaler()

    assert decided(scaler, 90.0, now=0, pods=2) == 4
    # The period began with two pods.
    assert decided(scaler, 90.0, now=15, pods=4) == 4
    assert decided(scaler, 90.0, now=61, pods=4) == 8


def test_the_most_is_the_most():
    assert decided(autoscaler(most=5), 30.0) == 5


def test_a_lull_must_last_before_a_pod_goes_and_then_one_a_minute_does():
    scaler = autoscaler()
    decided(scaler, 10.0, now=0)

    assert decided(scaler, 1.0, now=150) == 4
    assert decided(scaler, 1.0, now=301) == 3
    assert decided(scaler, 1.0, now=316, pods=3) == 3
    assert decided(scaler, 1.0, now=362, pods=3) == 2


def test_pods_that_do_not_answer_yet_count_as_idle_where_it_grows_and_as_full_where_it_shrinks():
    # Two of four wait 30 ms: over all, 15 ms a pod.
    assert decided(autoscaler(), 30.0, ready=2) == 6
    # Two of four wait 1 ms: as if the others were right at the target.
    assert decided(autoscaler(down=Rules(window=0, policies=DOWN.policies, select="Max")), 1.0, ready=2) == 3


def test_of_several_metrics_the_one_that_wants_most_decides(prod_settings):
    hpa = declared_hpa(prod_settings, prod_settings.inference.openstack)
    scaler = Autoscaler(hpa)
    calm = {QUEUE_TIME_METRIC: 0.1, "cpu": 70.0}

    assert scaler.decide(0, 6, 6, calm) == 6
    assert declared_hpa(prod_settings, prod_settings.inference.openstack, queue_alone=True).metrics == [
        Metric(name=QUEUE_TIME_METRIC, target=float(prod_settings.inference.queue_time_ms))
    ]
