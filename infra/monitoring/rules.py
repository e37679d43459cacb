"""Recording rules and alerts of the objectives, as the specification of a PrometheusRule and the content of a file."""

from __future__ import annotations

from typing import Any

from infra.monitoring.alerts import RUNBOOK, gpu_alerts, part_alerts
from infra.monitoring.objective import BURNS, OBJECTIVES, WINDOWS, Objective, duration, window_name

__all__ = ["burn_alerts", "rule_groups"]

_SPEED = {"page": "Fast", "ticket": "Slowly"}
Rule = dict[str, Any]


def rule_groups(*, queue_time_ms: int, gpu: bool, scale: float = 1) -> dict[str, Any]:
    """All rules of one cluster; `scale` shortens the objectives' windows, so that a test sees hours in seconds."""
    parts = [*part_alerts(queue_time_ms), *(gpu_alerts() if gpu else ())]
    ratios = [_ratio(objective, window, scale) for objective in OBJECTIVES for window in WINDOWS]
    burns = [alert for objective in OBJECTIVES for alert in burn_alerts(objective)]
    return {
        "groups": [
            # One after the other within a group: an alert reads what its own round has recorded.
            {"name": "objectives", "rules": [*ratios, *burns]},
            {"name": "parts", "rules": parts},
        ]
    }


def _ratio(objective: Objective, window: int, scale: float) -> Rule:
    return {
        "record": window_name(window),
        "expr": objective.over(duration(window * scale)),
        "labels": {"slo": objective.name},
    }


def burn_alerts(objective: Objective) -> list[Rule]:
    """One alert that calls at once and one that can wait until the morning."""
    return [_burn(objective, severity) for severity in _SPEED]


def _burn(objective: Objective, severity: str) -> Rule:
    either = [
        f"({_above(objective, burn.long, burn.factor)} and {_above(objective, burn.short, burn.factor)})"
        for burn in BURNS
        if burn.severity == severity
    ]
    summary = f"{{{{ $value | humanizePercentage }}}} of all: {objective.missed}; {objective.budget:.1%} may."
    return {
        "alert": f"{objective.alert}Burns{_SPEED[severity]}",
        "expr": " or ".join(either),
        "labels": {"severity": severity},
        "annotations": {"summary": summary, "runbook": RUNBOOK},
    }


def _above(objective: Objective, window: int, factor: float) -> str:
    return f'{window_name(window)}{{slo="{objective.name}"}} > {factor * objective.budget:.6g}'
