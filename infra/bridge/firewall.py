"""nftables' file: only declared flows cross, only through tunnels, and whatever is dropped is counted by reason."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from infra.bridge.description import Bridge, Gateway, Peer
from infra.settings.bridge_flow import FlowSettings
from infra.settings.residency import Cloud

__all__ = ["COUNTERS", "METRICS_PORT", "TABLE", "rules"]

# nft keeps the word bridge for itself.
TABLE = "rialto"
# prometheus-node-exporter's: https://github.com/prometheus/prometheus/wiki/Default-port-allocations
METRICS_PORT = 9100
TUNNELS = '"tunnel-*"'
# Why a packet was dropped: each has a counter, and a line in the metrics.
COUNTERS = {
    "plain": "would have passed around the tunnels",
    "hairpin": "came out of a tunnel and would have gone into one",
    "foreign": "is from or to no range of ours",
    "undeclared": "belongs to no declared flow",
    "input": "was for the gateway itself, which does not expect it",
    "output": "was sent by the gateway itself, which should not",
}
# Whatever keeps a path working: too large, expired, malformed (https://www.rfc-editor.org/rfc/rfc1812#section-5.2.7).
ERRORS = "icmp type { destination-unreachable, time-exceeded, parameter-problem } accept"
ECHO = "icmp type { echo-request, echo-reply } accept"
IPSEC = "udp sport { 500, 4500 } udp dport { 500, 4500 } accept"


def rules(bridge: Bridge, gateway: Gateway, peers: Mapping[str, Peer]) -> str:
    """The table. It remembers no connection: what leaves by one gateway may come back by the other."""
    parts = [
        "\n".join(f"  counter {name} {{ }}" for name in COUNTERS),
        _set("private", bridge.private_ranges),
        _set("remote", [bridge.remote_range]),
        _set("aws", sorted(peer.address for peer in peers.values())),
        _set("gateways", [each.address for each in bridge.others(gateway.name)]),
        _chain("into", _direction("openstack", bridge)),
        _chain("out_of", _direction("aws", bridge)),
        _hook("forward", _forward()),
        _hook("input", _own("input", bridge, gateway)),
        _hook("output", _own("output", bridge, gateway)),
    ]
    body = "\n\n".join(parts)
    return f"#!/usr/sbin/nft -f\nflush ruleset\n\ntable inet {TABLE} {{\n{body}\n}}\n"


def _set(name: str, ranges: Iterable[object]) -> str:
    elements = ", ".join(map(str, ranges))
    return f"  set {name} {{\n    type ipv4_addr\n    flags interval\n    elements = {{ {elements} }}\n  }}"


def _chain(name: str, lines: Iterable[str]) -> str:
    body = "\n".join(f"    {line}" for line in lines)
    return f"  chain {name} {{\n{body}\n  }}"


def _hook(hook: str, lines: Iterable[str]) -> str:
    return _chain(hook, [f"type filter hook {hook} priority filter; policy drop;", *lines])


def _forward() -> Iterator[str]:
    """Out of a tunnel or into one, never past them."""
    yield f"iifname != {TUNNELS} oifname != {TUNNELS} counter name plain drop"
    yield f"iifname {TUNNELS} oifname {TUNNELS} counter name hairpin drop"
    yield f"oifname {TUNNELS} ip saddr @private ip daddr @remote goto into"
    yield f"iifname {TUNNELS} ip saddr @remote ip daddr @private goto out_of"
    # AWS's own end may be the one that says that a packet is too large.
    yield f"iifname {TUNNELS} ip daddr @private {ERRORS}"
    yield "counter name foreign drop"


def _direction(side: Cloud, bridge: Bridge) -> Iterator[str]:
    """Packets from one side: what it may begin, and its answers to what the other one may."""
    yield f"tcp flags syn tcp option maxseg size set {bridge.mss}"
    yield ERRORS
    for name, flow in bridge.flows.items():
        yield f'{_match(flow, begins=flow.source == side)} accept comment "{name}"'
    yield "counter name undeclared drop"


def _match(flow: FlowSettings, *, begins: bool) -> str:
    if flow.protocol == "icmp":
        return f"icmp type echo-{'request' if begins else 'reply'}"
    if begins:
        return f"tcp dport {flow.port}"
    # An answer never begins: it acknowledges, or refuses.
    return f"tcp sport {flow.port} tcp flags & (ack | rst) != 0"


def _own(hook: str, bridge: Bridge, gateway: Gateway) -> Iterator[str]:
    """What the gateway itself hears and says: in a tunnel BGP, outside IPsec, VRRP and its metrics."""
    name, address, metrics = {
        "input": ("iifname", "saddr", "dport"),
        "output": ("oifname", "daddr", "sport"),
    }[hook]
    near = f"{bridge.gateway_range}, {bridge.scrape_range}"
    yield f'{name} "lo" accept'
    for tunnel in gateway.tunnels.values():
        peer = f'{name} "{tunnel.interface}" ip {address} {tunnel.aws_address}'
        yield f"{peer} tcp sport 179 accept"
        yield f"{peer} tcp dport 179 accept"
        yield f"{peer} {ECHO}"
    yield ERRORS
    yield f"{name} {TUNNELS} counter name {hook} drop"
    yield f"ip {address} @aws {IPSEC}"
    yield f"ip {address} @gateways ip protocol vrrp accept"
    yield f"ip {address} {bridge.scrape_range} tcp {metrics} {METRICS_PORT} accept"
    yield f"ip {address} {{ {near} }} {ECHO}"
    yield f"counter name {hook} drop"
