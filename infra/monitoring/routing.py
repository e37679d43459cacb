"""Alertmanager's configuration: who is told of which alert, how often, and what is held back since another says it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from infra.monitoring.objective import Severity

__all__ = ["FIRST", "FOLLOWS", "LINES", "NAME", "configuration"]

# What every message says: which alert where, and then each of them with what to read.
NAME = "{{ .CommonLabels.alertname }} ({{ .CommonLabels.cluster }})"
FIRST = "{{ (index .Alerts 0).Annotations"
LINES = "{{ range .Alerts }}{{ .Annotations.summary }}\n{{ end }}" + f"Runbook: {FIRST}.runbook }}}}"

# What cannot be otherwise while the first is so, by name: whoever was called for that needs no second call.
FOLLOWS: Mapping[str, tuple[str, ...]] = {
    # keepalived gives the address to nobody who cannot reach AWS, and the sync has no way.
    "BridgeDown": (
        "BridgeWithoutReserve",
        "BridgeTunnelDown",
        "BridgeSessionDown",
        "BridgeAddressLost",
        "HotDataStale",
    ),
    # The gateway then answers with what sells.
    "TritonGone": ("FallbackBurnsFast", "FallbackBurnsSlowly"),
}
# Somebody is called at once, and again while nobody has said that it is theirs.
_PAGE = {"group_wait": "10s", "group_interval": "5m", "repeat_interval": "4h"}
# What comes up together is told together, and once a day.
_TICKET = {"group_wait": "5m", "group_interval": "1h", "repeat_interval": "1d"}
Receivers = Mapping[Severity, Mapping[str, Any]]


def configuration(receivers: Receivers, options: Mapping[str, Any]) -> dict[str, Any]:
    """Alertmanager's file: `receivers` has what each severity sets off, `options` what holds for all of it.

    An alert that does not say how urgent it is becomes a ticket.
    """
    return {
        "global": dict(options),
        "route": {
            "receiver": "ticket",
            # All tunnels, cards or parts with the same trouble in one message.
            "group_by": ["cluster", "alertname"],
            **_TICKET,
            "routes": [{"receiver": "page", "matchers": ['severity="page"'], **_PAGE}],
        },
        "inhibit_rules": [_slow_burns(), *(_follows(*each) for each in FOLLOWS.items())],
        "receivers": [{"name": severity, **receiver} for severity, receiver in receivers.items()],
        "templates": [],
    }


def _slow_burns() -> dict[str, Any]:
    """While a page says that a budget burns fast, no ticket says that it burns slowly."""
    return {
        # Only alerts of objectives have the label, and without this those that lack it would count as equal.
        "source_matchers": ['severity="page"', 'slo=~".+"'],
        "target_matchers": ['severity="ticket"', 'slo=~".+"'],
        "equal": ["cluster", "slo"],
    }


def _follows(cause: str, others: tuple[str, ...]) -> dict[str, Any]:
    return {
        "source_matchers": [f'alertname="{cause}"'],
        "target_matchers": [f'alertname=~"{"|".join(others)}"'],
        "equal": ["cluster"],
    }
