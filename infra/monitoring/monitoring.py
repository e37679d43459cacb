"""Prometheus, the custom metric of Triton's queue, and the rules of what is promised."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from infra.inference.autoscaling import QUEUE_TIME_METRIC
from infra.inference.pod_security import namespace_labels
from infra.monitoring.dashboard import dashboard_maps, objectives_board, serving_board
from infra.monitoring.delivery import Delivery, DeliveryArgs, alertmanager_values
from infra.monitoring.image import ADAPTER, ALERTMANAGER, OPERATOR, PROMETHEUS, RELOADER, STATE
from infra.monitoring.outlet import Outlet
from infra.monitoring.rules import rule_groups
from infra.naming import MONITORING_NAMESPACE
from infra.settings.inference import MonitoringSettings

__all__ = ["Monitoring", "MonitoringArgs"]

# The machine that runs Pulumi fetches the charts; the cluster's nodes pull their images (image.py).
CHARTS = "oci://ghcr.io/prometheus-community/charts"
RELEASE = "prometheus"
# The service that the operator makes for its one Prometheus.
PROMETHEUS_URL = "http://prometheus-operated.monitoring.svc"
PROMETHEUS_PORT = 9090
# Longer than the longest window of the rules, three days.
RETENTION = "4d"
INSTALL_SECONDS = 900
_OFF = {"enabled": False}


@dataclass(frozen=True, kw_only=True)
class MonitoringArgs:
    """The charts, and what the rules must know of the cluster.

    `image` turns a public image into the one that this cluster's nodes pull; `queue_time_ms` is what Triton scales on.
    `cluster` is what every alert calls the place it comes from. `schedules` is the namespace whose CronJobs say when
    they last ended well; None where nobody asks.
    """

    monitoring: MonitoringSettings
    queue_time_ms: int
    gpu: bool
    cluster: str
    image: Callable[[str], pulumi.Input[str]]
    outlet: Outlet
    schedules: str | None = None


class Monitoring(pulumi.ComponentResource):
    """What turns counters into a figure that an autoscaler can read, and into calls for somebody who can help."""

    namespace: pulumi.Output[str]

    def __init__(self, name: str, args: MonitoringArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("rialto:monitoring:Monitoring", name, None, opts)
        inside = pulumi.ResourceOptions(parent=self)
        namespace = kubernetes.core.v1.Namespace(
            name, metadata={"name": MONITORING_NAMESPACE, "labels": namespace_labels("baseline")}, opts=inside
        )
        here = namespace.metadata.apply(lambda metadata: str(metadata.name))
        delivery = Delivery(f"{name}-delivery", DeliveryArgs(outlet=args.outlet, namespace=here), inside)
        prometheus = _release(
            f"{name}-prometheus",
            here,
            "kube-prometheus-stack",
            args.monitoring.prometheus_chart,
            _prometheus(args),
            pulumi.ResourceOptions(parent=self, depends_on=[delivery]),
        )
        adapter = _release(
            f"{name}-adapter",
            here,
            "prometheus-adapter",
            args.monitoring.adapter_chart,
            _adapter(args),
            pulumi.ResourceOptions(parent=self, depends_on=[prometheus]),
        )
        kubernetes.apiextensions.CustomResource(
            f"{name}-objectives",
            api_version="monitoring.coreos.com/v1",
            kind="PrometheusRule",
            metadata={"name": "objectives", "namespace": here},
            spec=rule_groups(queue_time_ms=args.queue_time_ms, gpu=args.gpu),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[prometheus]),
        )
        boards = {"objectives": objectives_board(), "serving": serving_board(gpu=args.gpu)}
        dashboard_maps(f"{name}-dashboard", here, boards, inside)
        # Whoever uses the types and the metric comes after both.
        self.namespace = pulumi.Output.all(here, adapter.id).apply(lambda values: str(values[0]))
        self.register_outputs({"namespace": self.namespace})


def _release(
    name: str,
    namespace: pulumi.Input[str],
    chart: str,
    version: str,
    values: dict[str, Any],
    opts: pulumi.ResourceOptions,
) -> kubernetes.helm.v3.Release:
    return kubernetes.helm.v3.Release(
        name,
        name=RELEASE if chart == "kube-prometheus-stack" else chart,
        namespace=namespace,
        chart=f"{CHARTS}/{chart}",
        version=version,
        values=values,
        # What did not come up is taken back, so that the next `up` starts from something known.
        atomic=True,
        timeout=INSTALL_SECONDS,
        opts=opts,
    )


def _prometheus(args: MonitoringArgs) -> dict[str, Any]:
    return {
        "fullnameOverride": RELEASE,
        "alertmanager": alertmanager_values(args.outlet, _split(args.image(ALERTMANAGER))),
        "grafana": _OFF,
        "defaultRules": {"create": False},
        # Looks into nodes; nothing here needs it yet.
        "nodeExporter": _OFF,
        **_state(args),
        # EKS does not show these to anybody.
        "kubeControllerManager": _OFF,
        "kubeScheduler": _OFF,
        "kubeEtcd": _OFF,
        "kubeProxy": _OFF,
        "prometheusOperator": {
            "image": _split(args.image(OPERATOR)),
            "prometheusConfigReloader": {"image": _split(args.image(RELOADER))},
            # A second check of objects that Pulumi declares; it would need one more image and a job with rights.
            "admissionWebhooks": _OFF,
            "tls": _OFF,
        },
        "prometheus": {
            "prometheusSpec": {
                "image": _split(args.image(PROMETHEUS)),
                "retention": RETENTION,
                "externalLabels": {"cluster": args.cluster},
                # Whatever is to be scraped or ruled counts, not only what this chart brings.
                "podMonitorSelectorNilUsesHelmValues": False,
                "ruleSelectorNilUsesHelmValues": False,
                "scrapeConfigSelectorNilUsesHelmValues": False,
                "serviceMonitorSelectorNilUsesHelmValues": False,
                "resources": {"requests": {"cpu": "200m", "memory": "1Gi"}, "limits": {"memory": "2Gi"}},
            }
        },
    }


def _state(args: MonitoringArgs) -> dict[str, Any]:
    """kube-state-metrics, which may look at one kind of object in one namespace, and not at all where nobody asks."""
    if args.schedules is None:
        return {"kubeStateMetrics": _OFF}
    return {
        "kubeStateMetrics": {"enabled": True},
        "kube-state-metrics": {
            "image": _split(args.image(STATE)),
            "collectors": ["cronjobs"],
            "namespaces": args.schedules,
        },
    }


def _adapter(args: MonitoringArgs) -> dict[str, Any]:
    return {
        "image": {"repository": args.image(ADAPTER)},
        "replicas": 2,
        "podDisruptionBudget": {"enabled": True, "maxUnavailable": 1},
        "prometheus": {"url": PROMETHEUS_URL, "port": PROMETHEUS_PORT},
        "rules": {"default": False, "custom": [_queue_time()]},
    }


def _queue_time() -> dict[str, Any]:
    """The rule of `QUEUE_TIME_METRIC`: time queued by requests answered, pod by pod; 0 where nothing was asked."""
    labels, group = "<<.LabelMatchers>>", "<<.GroupBy>>"
    queued = f"sum(rate(nv_inference_queue_duration_us{{{labels}}}[1m])) by ({group})"
    answered = f"sum(rate(nv_inference_request_success{{{labels}}}[1m])) by ({group})"
    return {
        "seriesQuery": 'nv_inference_queue_duration_us{namespace!="",pod!=""}',
        "resources": {"overrides": {"namespace": {"resource": "namespace"}, "pod": {"resource": "pod"}}},
        "name": {"as": QUEUE_TIME_METRIC},
        "metricsQuery": f"{queued} / clamp_min({answered}, 0.001) / 1000",
    }


def _split(image: pulumi.Input[str]) -> pulumi.Output[dict[str, str]]:
    """An image as the chart takes it: registry and repository apart."""
    return pulumi.Output.from_input(image).apply(
        lambda whole: dict(zip(("registry", "repository"), whole.split("/", 1), strict=True))
    )
