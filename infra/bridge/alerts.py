"""When somebody must look at the bridge: Prometheus rules over what the gateways write."""

from __future__ import annotations

from typing import Any

from infra.bridge.description import TUNNELS, Bridge
from infra.naming import NAMESPACE

__all__ = ["JOB", "METRICS_FILE", "SEVERITIES", "SYNC", "rule_groups"]

JOB = "bridge"
# Schedules of the sync are called by this and their data set; kube-state-metrics says when each last ended well.
SYNC = "sync"
# node_exporter's own word of when the gateway's metrics were last written; three times their interval.
METRICS_FILE = "/var/lib/prometheus/node-exporter/bridge.prom"
OLD_SECONDS = 60
# Packets a second of flows that nobody declared: a mistake or a scan, beyond what a person's attempt makes.
UNDECLARED_RATE = 1
SEVERITIES = ("page", "ticket")
Rule = dict[str, Any]


def rule_groups(bridge: Bridge) -> dict[str, Any]:
    """The specification of a PrometheusRule, and the content of a rule file; every alert says what to do."""
    rules = [
        {
            "record": "bridge:staleness_seconds",
            "expr": _staleness(),
        },
        *_reach(bridge),
        *_tunnels(),
        *_gateways(bridge),
        *_traffic(),
    ]
    return {"groups": [{"name": JOB, "rules": rules}]}


def _staleness() -> str:
    """Seconds since a data set was last copied whole, by `data_set`; since its schedule was made, if it never was."""
    schedules = f'{{namespace="{NAMESPACE}", cronjob=~"{SYNC}-.+"}}'
    copied = f"kube_cronjob_status_last_successful_time{schedules} or kube_cronjob_created{schedules}"
    return f'time() - max by (data_set) (label_replace({copied}, "data_set", "$1", "cronjob", "{SYNC}-(.+)"))'


def _alert(name: str, expr: str, wait: str, severity: str, summary: str) -> Rule:
    return {
        "alert": name,
        "expr": expr,
        "for": wait,
        "labels": {"severity": severity},
        "annotations": {"summary": summary, "runbook": "infra/bridge/README.md"},
    }


def _reach(bridge: Bridge) -> list[Rule]:
    """Whether the two clouds reach each other, with something in reserve."""
    gateways, sessions = len(bridge.gateways), len(bridge.gateways) * len(TUNNELS)
    stale = bridge.stale_after_minutes * 60
    return [
        _alert(
            "BridgeDown",
            "sum(bridge_bgp_established) == 0 or absent(bridge_bgp_established)",
            "1m",
            "page",
            "No tunnel leads to AWS. Both clouds serve what they have; what is written waits in the private store.",
        ),
        _alert(
            "BridgeWithoutReserve",
            f"count(max by (gateway) (bridge_bgp_established) == 1) < {gateways} "
            f"or sum(bridge_bgp_established) < {sessions} / 2",
            "5m",
            "page",
            "One gateway, or half of the tunnels, carries all: the next failure takes the bridge down.",
        ),
        _alert(
            "HotDataStale",
            f"bridge:staleness_seconds > {stale}",
            "1m",
            "page",
            f"No copy of {{{{ $labels.data_set }}}} to AWS has ended well for {bridge.stale_after_minutes} minutes: "
            "what lies there is at least that old, and what was written since waits.",
        ),
        _alert(
            "HotDataAgeUnknown",
            "absent(bridge:staleness_seconds)",
            "10m",
            "ticket",
            "Nobody says when data was last copied to AWS: the sync's schedules or kube-state-metrics are gone.",
        ),
    ]


def _tunnels() -> list[Rule]:
    """One tunnel, where the others carry on."""
    return [
        _alert(
            "BridgeTunnelDown",
            "bridge_tunnel_up == 0",
            "5m",
            "ticket",
            "Tunnel {{ $labels.tunnel }} of {{ $labels.gateway }} has no SA. AWS replaces endpoints within minutes.",
        ),
        _alert(
            "BridgeSessionDown",
            "bridge_tunnel_up == 1 and on (gateway, tunnel) bridge_bgp_established == 0",
            "2m",
            "ticket",
            "Tunnel {{ $labels.tunnel }} of {{ $labels.gateway }} has an SA but no BGP session.",
        ),
        _alert(
            "BridgeTunnelRefused",
            # One refusal may come of an end that was not ready yet; they come every few seconds when keys differ.
            'increase(bridge_tunnel_refusals_total{reason!="silence"}[5m]) > 2',
            "0m",
            "page",
            "Tunnel {{ $labels.tunnel }} of {{ $labels.gateway }} is refused ({{ $labels.reason }}): the ends differ.",
        ),
        _alert(
            "BridgeRoutesRefused",
            "bridge_bgp_refused_prefixes > 0",
            "1m",
            "page",
            "AWS tells {{ $labels.gateway }} of {{ $value }} routes that are not its own ({{ $labels.reason }}).",
        ),
    ]


def _gateways(bridge: Bridge) -> list[Rule]:
    """One machine, and the address between them."""
    return [
        _alert(
            "BridgeGatewayAway",
            f'up{{job="{JOB}"}} == 0',
            "5m",
            "ticket",
            "Gateway {{ $labels.gateway }} does not answer. It is replaced, never repaired.",
        ),
        _alert(
            "BridgeGatewayDrained",
            "bridge_drained == 1",
            "30m",
            "ticket",
            "Gateway {{ $labels.gateway }} was taken out of service half an hour ago.",
        ),
        _alert(
            "BridgeAddressLost",
            "sum(bridge_virtual_address_held) == 0",
            "1m",
            "page",
            f"No gateway holds {bridge.virtual_address}, where packets for AWS go.",
        ),
        _alert(
            "BridgeAddressTwice",
            "sum(bridge_virtual_address_held) > 1",
            "1m",
            "page",
            f"Gateways do not hear each other: more than one holds {bridge.virtual_address}.",
        ),
        _alert(
            "BridgeMetricsOld",
            f'time() - node_textfile_mtime_seconds{{file="{METRICS_FILE}"}} > {OLD_SECONDS}',
            "2m",
            "ticket",
            "Gateway {{ $labels.gateway }} answers with old figures: its bridge-metrics fails.",
        ),
    ]


def _traffic() -> list[Rule]:
    """Packets that were stopped."""
    return [
        _alert(
            "BridgeLeakStopped",
            'increase(bridge_dropped_packets_total{reason=~"plain|hairpin|output"}[5m]) > 0',
            "0m",
            "ticket",
            "Gateway {{ $labels.gateway }} stopped packets that would have left in plain text ({{ $labels.reason }}).",
        ),
        _alert(
            "BridgeUndeclaredFlow",
            'sum by (gateway, reason) (rate(bridge_dropped_packets_total{reason=~"undeclared|foreign"}[5m])) '
            f"> {UNDECLARED_RATE}",
            "10m",
            "ticket",
            "Somebody sends what no flow of the stack file allows, over {{ $labels.gateway }}.",
        ),
    ]
