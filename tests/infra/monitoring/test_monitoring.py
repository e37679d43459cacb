import pytest

from infra.inference.autoscaling import QUEUE_TIME_METRIC
from infra.monitoring.image import IMAGES
from infra.monitoring.objective import DAY, WINDOWS
from tests.infra.inference.estate import MIRROR, inference, monitoring
from tests.manifests import manifests

RELEASE = "kubernetes:helm.sh/v3:Release"


def release(chart):
    (found,) = [each.inputs for each in monitoring().of_type(RELEASE) if each.inputs["chart"].endswith(chart)]
    return found


def test_charts_are_pinned_by_the_stack():
    assert release("kube-prometheus-stack")["version"] == inference().monitoring.prometheus_chart
    assert release("prometheus-adapter")["version"] == inference().monitoring.adapter_chart


def test_the_metric_that_the_autoscaler_reads_is_the_one_that_the_adapter_derives():
    (rule,) = release("prometheus-adapter")["values"]["rules"]["custom"]

    assert rule["name"]["as"] == QUEUE_TIME_METRIC
    assert "nv_inference_queue_duration_us{<<.LabelMatchers>>}" in rule["metricsQuery"]
    assert (
        "/ clamp_min(sum(rate(nv_inference_request_success{<<.LabelMatchers>>}[1m]))" in rule["metricsQuery"]
    )


def test_every_image_is_pulled_from_where_the_clusters_nodes_can():
    prometheus, adapter = release("kube-prometheus-stack")["values"], release("prometheus-adapter")["values"]
    host, prefix = MIRROR.split("/")
    used = [
        prometheus["prometheusOperator"]["image"],
        prometheus["prometheusOperator"]["prometheusConfigReloader"]["image"],
        prometheus["prometheus"]["prometheusSpec"]["image"],
        prometheus["alertmanager"]["alertmanagerSpec"]["image"],
    ]

    assert {each["registry"] for each in used} == {host}
    names = {each["repository"] for each in used} | {adapter["image"]["repository"].removeprefix(f"{host}/")}
    assert names == {f"{prefix}/{image.rpartition('/')[2]}" for image in IMAGES}


def test_schedules_are_watched_where_somebody_asks_and_nothing_else_is():
    quiet = release("kube-prometheus-stack")["values"]
    (asked,) = [
        each.inputs["values"]
        for each in monitoring(schedules="rialto").of_type(RELEASE)
        if each.inputs["chart"].endswith("kube-prometheus-stack")
    ]

    assert quiet["kubeStateMetrics"] == {"enabled": False}
    assert asked["kubeStateMetrics"] == {"enabled": True}
    assert asked["kube-state-metrics"]["collectors"] == ["cronjobs"]
    assert asked["kube-state-metrics"]["namespaces"] == "rialto"


@pytest.mark.parametrize("kind", ["podMonitor", "rule", "scrapeConfig"])
def test_every_monitor_and_rule_is_seen_whoever_made_it(kind):
    prometheus = release("kube-prometheus-stack")["values"]["prometheus"]["prometheusSpec"]

    assert prometheus[f"{kind}SelectorNilUsesHelmValues"] is False


def test_only_the_namespace_the_rules_the_dashboards_and_a_policy_are_no_chart():
    kinds = [each["kind"] for each in manifests(monitoring())]

    assert sorted(kinds) == ["ConfigMap", "ConfigMap", "Namespace", "NetworkPolicy", "PrometheusRule"]


def test_prometheus_remembers_longer_than_the_longest_window_of_a_rule():
    spec = release("kube-prometheus-stack")["values"]["prometheus"]["prometheusSpec"]

    assert int(spec["retention"].removesuffix("d")) * DAY > max(WINDOWS)
