"""What a person sees who was called: the promises and what is left of them, and what serves; as files for Grafana."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi
import pulumi_kubernetes as kubernetes

from infra.monitoring.alerts import QUEUE_RECORD
from infra.monitoring.objective import BURNS, OBJECTIVES, Objective, duration, window_name
from infra.monitoring.panel import Panel, board

__all__ = ["dashboard_maps", "objectives_board", "serving_board"]

# What the sidecar of Grafana's chart, and so of kube-prometheus-stack, looks for in every namespace it may read
# (https://github.com/grafana/helm-charts, charts/grafana: sidecar.dashboards.label).
LABELS = {"grafana_dashboard": "1"}
_LONGEST = max(burn.long for burn in BURNS)
_FASTEST = max(BURNS, key=lambda burn: burn.factor)
_OUTSIDE = 'envoy_http_conn_manager_prefix="outside"'


def dashboard_maps(
    name: str, namespace: pulumi.Input[str], boards: Mapping[str, str], opts: pulumi.ResourceOptions
) -> None:
    """Declare a ConfigMap for each dashboard (JSON by name), labelled so that Grafana's sidecar loads it."""
    for each, content in boards.items():
        kubernetes.core.v1.ConfigMap(
            f"{name}-{each}",
            metadata={"name": f"dashboard-{each}", "namespace": namespace, "labels": LABELS},
            data={f"{each}.json": content},
            opts=opts,
        )


def objectives_board() -> str:
    """Every promise: how much of it is kept, what is left of the budget, and how fast that goes."""
    return board(
        "rialto-objectives",
        "Rialto: what is promised",
        {
            "All": [
                Panel(
                    title="Alerts",
                    lines={
                        "{{alertname}} {{severity}}": 'sum by (alertname, severity) (ALERTS{alertstate="firing"})'
                    },
                    latest=True,
                ),
                Panel(
                    title=f"Kept over {duration(_LONGEST)}",
                    lines={"{{slo}}": f"1 - {window_name(_LONGEST)}"},
                    unit="percentunit",
                    latest=True,
                ),
                Panel(
                    title="Calls that failed",
                    lines={
                        "{{integration}}": "sum by (integration) "
                        "(increase(alertmanager_notifications_failed_total[15m]))"
                    },
                ),
            ],
            **{each.name: _objective(each) for each in OBJECTIVES},
        },
    )


def _objective(objective: Objective) -> list[Panel]:
    of, budget = f'{{slo="{objective.name}"}}', f"{objective.budget:g}"
    windows = (_FASTEST.short, _FASTEST.long, _LONGEST)
    return [
        Panel(
            title=f"Share that missed: {objective.missed}",
            lines={duration(each): f"{window_name(each)}{of}" for each in windows[:2]}
            | {"may": f"vector({budget})"},
            unit="percentunit",
        ),
        Panel(
            title=f"Times too fast; {_FASTEST.factor:g} pages",
            lines={duration(each): f"{window_name(each)}{of} / {budget}" for each in windows},
        ),
        Panel(
            # A budget is a month's; a pace of 1 uses just that up.
            title=f"Budget left at the pace of {duration(_LONGEST)}",
            lines={"left": f"1 - {window_name(_LONGEST)}{of} / {budget}"},
            unit="percentunit",
            latest=True,
        ),
    ]


def serving_board(*, gpu: bool) -> str:
    """Edge, gateway and Triton: traffic, time, queue, batches; and the cards, where the cluster has some."""
    return board(
        "rialto-serving",
        "Rialto: serving",
        {
            "Edge": _edge(),
            "Gateway": _gateway(),
            "Triton": _triton(),
            **({"Cards": _cards()} if gpu else {}),
        },
    )


def _edge() -> list[Panel]:
    bucket = f"sum by (le) (rate(envoy_http_downstream_rq_time_bucket{{{_OUTSIDE}}}[5m]))"
    return [
        Panel(
            title="Requests by answer",
            lines={
                "{{envoy_response_code_class}}xx": "sum by (envoy_response_code_class) "
                f"(rate(envoy_http_downstream_rq_xx{{{_OUTSIDE}}}[5m]))"
            },
            unit="reqps",
        ),
        Panel(
            title="Time of a request",
            lines={f"p{share}": f"histogram_quantile(0.{share}, {bucket})" for share in (50, 95, 99)},
            unit="ms",
        ),
        Panel(
            title="Upstreams that are well",
            lines={
                "{{envoy_cluster_name}}": "min by (envoy_cluster_name) (envoy_cluster_membership_healthy)"
            },
        ),
    ]


def _gateway() -> list[Panel]:
    return [
        Panel(
            title="Requests",
            lines={
                "{{route}} {{status}}": "sum by (route, status) (rate(rialto_gateway_requests_total[5m]))"
            },
            unit="reqps",
        ),
        Panel(
            title="Answers without the model",
            lines={"{{reason}}": "sum by (reason) (rate(rialto_gateway_fallbacks_total[5m]))"},
            unit="reqps",
        ),
        Panel(
            title="Time, p99",
            lines={
                part: f"histogram_quantile(0.99, sum by (le) (rate(rialto_gateway_{metric}_bucket[5m])))"
                for part, metric in (("gateway", "request_seconds"), ("Triton", "triton_seconds"))
            },
            unit="s",
        ),
        Panel(
            title="Age",
            lines={
                "last event": "time() - max(rialto_gateway_event_timestamp_seconds)",
                "data of the release": "time() - max(rialto_gateway_release_data_timestamp_seconds)",
            },
            unit="s",
            latest=True,
        ),
        Panel(
            title="Not found well for",
            lines={"{{part}}": "time() - min by (part) (rialto_gateway_checked_timestamp_seconds)"},
            unit="s",
        ),
        Panel(
            title="Audit records lost", lines={"lost": "sum(rialto_gateway_audit_lost_records)"}, latest=True
        ),
    ]


def _triton() -> list[Panel]:
    answered = "sum by (model) (rate(nv_inference_request_success[5m]))"
    return [
        Panel(
            title="Requests",
            lines={
                "{{model}}": answered,
                "{{model}} failed: {{reason}}": "sum by (model, reason) (rate(nv_inference_request_failure[5m]))",
            },
            unit="reqps",
        ),
        Panel(
            title="Time in the queue",
            lines={
                "all": QUEUE_RECORD,
                "{{model}}": f"sum by (model) (rate(nv_inference_queue_duration_us[5m])) / {answered} / 1000",
            },
            unit="ms",
        ),
        Panel(
            title="Waiting",
            lines={"{{model}}": "sum by (model) (nv_inference_pending_request_count)"},
        ),
        Panel(
            title="Requests in a batch",
            lines={
                "{{model}}": "sum by (model) (rate(nv_inference_count[5m])) "
                "/ sum by (model) (rate(nv_inference_exec_count[5m]))"
            },
        ),
        Panel(
            title="Time of a batch in the model",
            lines={
                "{{model}}": "sum by (model) (rate(nv_inference_compute_infer_duration_us[5m])) "
                "/ sum by (model) (rate(nv_inference_exec_count[5m])) / 1000"
            },
            unit="ms",
        ),
    ]


def _cards() -> list[Panel]:
    """By the names of NVIDIA's dcgm-exporter, as the alerts of cards."""
    return [
        Panel(
            title=title,
            lines={"{{Hostname}} {{gpu}}": metric},
            unit=unit,
        )
        for title, metric, unit in (
            ("In use", "DCGM_FI_DEV_GPU_UTIL", "percent"),
            ("Memory in use", "DCGM_FI_DEV_FB_USED", "decmbytes"),
            ("Temperature", "DCGM_FI_DEV_GPU_TEMP", "celsius"),
            ("Errors (XID)", "DCGM_FI_DEV_XID_ERRORS", "short"),
        )
    ]
