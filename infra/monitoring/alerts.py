"""What no ratio shows: a part that is gone or silent, figures that are old, a card that breaks."""

from __future__ import annotations

from typing import Any

from infra.monitoring.objective import DAY, HOUR, MINUTE, Severity, duration

__all__ = ["QUEUE_RECORD", "RUNBOOK", "gpu_alerts", "part_alerts"]

RUNBOOK = "infra/monitoring/README.md"
QUEUE_RECORD = "triton:queue_time_ms:rate5m"
# Beyond twice what the autoscaler steers by, for as long as a node takes to come, it does not help.
QUEUE_FACTOR = 2
QUEUE_WAIT = 15 * MINUTE
# The gateway looks every two seconds.
CHECKED_SECONDS = 5 * MINUTE
# The longest quiet of a night.
EVENT_SECONDS = 6 * HOUR
RELEASE_SECONDS = 30 * DAY
# Those of NVIDIA's list after which a card is drained or replaced: memory (48, 64, 94, 95), links (74), gone (79)
# (https://docs.nvidia.com/deploy/xid-errors/).
XIDS = (48, 64, 74, 79, 94, 95)
# Below where data-centre cards slow themselves down, about 90.
HOT_CELSIUS = 87
Rule = dict[str, Any]


def part_alerts(queue_time_ms: int) -> list[Rule]:
    """Edge, Triton and gateway; `queue_time_ms` is what the autoscaler steers by."""
    queued, answered = (
        f"sum(rate({metric}[5m]))"
        for metric in ("nv_inference_queue_duration_us", "nv_inference_request_success")
    )
    return [
        {"record": QUEUE_RECORD, "expr": f"{queued} / {answered} / 1000"},
        _alert(
            "EdgeUnseen",
            'absent(envoy_http_downstream_rq_completed{envoy_http_conn_manager_prefix="outside"})',
            5 * MINUTE,
            "page",
            "No edge is scraped: either none runs, or nobody sees what it does. All its alerts are blind.",
        ),
        _alert(
            "TritonGone",
            'sum(envoy_cluster_membership_healthy{envoy_cluster_name="triton-http"}) == 0',
            MINUTE,
            "page",
            "No edge finds a Triton whose models are ready; the gateway answers with what sells.",
        ),
        _alert(
            "TritonQueueLong",
            f"{QUEUE_RECORD} > {QUEUE_FACTOR * queue_time_ms}",
            QUEUE_WAIT,
            "ticket",
            "Requests wait {{ $value | humanize }} ms in Triton's queue: the autoscaler does not keep up.",
        ),
        *_gateway(),
        _alert(
            "AlertsUndelivered",
            "sum by (integration) (increase(alertmanager_notifications_failed_total[15m])) > 0",
            0,
            "page",
            "Calls by {{ $labels.integration }} fail: somebody may not know of other trouble.",
        ),
    ]


def _gateway() -> list[Rule]:
    return [
        _alert(
            "GatewayPartAway",
            f"time() - min by (part) (rialto_gateway_checked_timestamp_seconds) > {CHECKED_SECONDS}",
            0,
            "page",
            "A gateway has not found {{ $labels.part }} well for {{ $value | humanizeDuration }}.",
        ),
        _alert(
            "HistoriesStale",
            f"time() - max(rialto_gateway_event_timestamp_seconds) > {EVENT_SECONDS}",
            0,
            "ticket",
            "No event was recorded for {{ $value | humanizeDuration }}: answers know nothing newer.",
        ),
        _alert(
            "ReleaseOld",
            f"time() - max(rialto_gateway_release_data_timestamp_seconds) > {RELEASE_SECONDS}",
            HOUR,
            "ticket",
            "The release was trained on data that ends {{ $value | humanizeDuration }} ago.",
        ),
        _alert(
            "AuditLost",
            "sum(rialto_gateway_audit_lost_records) > 0",
            0,
            "page",
            "{{ $value }} audit records were lost: the disk took none for too long.",
        ),
    ]


def gpu_alerts() -> list[Rule]:
    """The cards, by the names of NVIDIA's dcgm-exporter."""
    broken = " or ".join(f"DCGM_FI_DEV_XID_ERRORS == {xid}" for xid in XIDS)
    return [
        _alert(
            "GpuBroken",
            f"{broken} or DCGM_FI_DEV_ROW_REMAP_FAILURE > 0",
            0,
            "ticket",
            "Card {{ $labels.gpu }} of {{ $labels.Hostname }} is broken (XID, or 1: its memory is worn out).",
        ),
        _alert(
            "GpuHot",
            f"DCGM_FI_DEV_GPU_TEMP > {HOT_CELSIUS}",
            10 * MINUTE,
            "ticket",
            "Card {{ $labels.gpu }} of {{ $labels.Hostname }} is at {{ $value }} degrees and soon slower.",
        ),
    ]


def _alert(name: str, expr: str, seconds: int, severity: Severity, summary: str) -> Rule:
    return {
        "alert": name,
        "expr": expr,
        "for": duration(seconds) if seconds else "0m",
        "labels": {"severity": severity},
        "annotations": {"summary": summary, "runbook": RUNBOOK},
    }
