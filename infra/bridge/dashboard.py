"""The bridge for Grafana: what its gateways write, and how old AWS's copies are."""

from __future__ import annotations

from infra.monitoring.panel import Panel, board

__all__ = ["bridge_board"]


def bridge_board() -> str:
    """Whether the clouds reach each other, what travels, what was stopped, and what waits."""
    return board(
        "rialto-bridge",
        "Rialto: the bridge",
        {"Reach": _reach(), "Traffic": _traffic(), "Copies on AWS": _copies()},
    )


def _reach() -> list[Panel]:
    return [
        Panel(
            title="BGP sessions",
            lines={"{{gateway}} {{tunnel}}": "bridge_bgp_established"},
        ),
        Panel(title="Tunnels with an SA", lines={"{{gateway}} {{tunnel}}": "bridge_tunnel_up"}),
        Panel(
            title="Who holds the virtual address",
            lines={"{{gateway}}": "bridge_virtual_address_held", "{{gateway}} drained": "bridge_drained"},
        ),
        Panel(
            title="AWS not reached for",
            lines={"{{gateway}}": "time() - bridge_remote_reached_timestamp_seconds"},
            unit="s",
        ),
        Panel(
            title="Refusals and new keys in 5 min",
            lines={
                "{{gateway}} {{tunnel}} refused: {{reason}}": "increase(bridge_tunnel_refusals_total[5m])",
                "{{gateway}} {{tunnel}} new keys": "increase(bridge_tunnel_rekeys_total[5m])",
            },
        ),
        Panel(
            title="Routes of AWS",
            lines={
                "{{gateway}} {{tunnel}}": "bridge_bgp_accepted_prefixes",
                "{{gateway}} {{tunnel}} refused: {{reason}}": "bridge_bgp_refused_prefixes",
            },
        ),
    ]


def _traffic() -> list[Panel]:
    return [
        Panel(
            title="To AWS",
            lines={"{{gateway}} {{tunnel}}": "rate(bridge_tunnel_sent_bytes_total[5m])"},
            unit="Bps",
        ),
        Panel(
            title="From AWS",
            lines={"{{gateway}} {{tunnel}}": "rate(bridge_tunnel_received_bytes_total[5m])"},
            unit="Bps",
        ),
        Panel(
            title="Packets stopped",
            lines={"{{gateway}} {{reason}}": "rate(bridge_dropped_packets_total[5m])"},
            unit="pps",
        ),
    ]


def _copies() -> list[Panel]:
    return [Panel(title="Age", lines={"{{data_set}}": "bridge:staleness_seconds"}, unit="s")]
