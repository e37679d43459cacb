"""Write what this gateway knows as Prometheus metrics, for node_exporter's textfile collector.

The counts are the kernel's own where it has them: an interface's bytes survive new keys, an SA's do not.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

# Relative: on a gateway this folder is the package /usr/local/lib/bridge.
from .sa import carrying, sas
from .watch import CONFIG, REFUSALS, write

__all__ = ["METRICS", "collect", "refused", "render"]

OUT = Path("/var/lib/prometheus/node-exporter/bridge.prom")
REACHED = Path("/var/lib/bridge-reached")
DRAINED = Path("/run/bridge-drained")
# Metric, its type, and what it says.
METRICS = {
    "bridge_tunnel_up": ("gauge", "Whether the tunnel has an SA that carries packets"),
    "bridge_tunnel_received_bytes_total": ("counter", "Bytes that came out of the tunnel"),
    "bridge_tunnel_sent_bytes_total": ("counter", "Bytes that went into the tunnel"),
    "bridge_tunnel_rekeys_total": ("counter", "New keys of IKE and child SAs since charon started"),
    "bridge_tunnel_refusals_total": ("counter", "Times that a peer refused the tunnel, by reason"),
    "bridge_bgp_established": ("gauge", "Whether the tunnel's BGP session stands"),
    "bridge_bgp_accepted_prefixes": ("gauge", "Prefixes believed of this peer"),
    "bridge_bgp_refused_prefixes": ("gauge", "Prefixes not believed of this peer, by reason"),
    "bridge_dropped_packets_total": ("counter", "Packets that the firewall dropped, by reason"),
    "bridge_virtual_address_held": ("gauge", "Whether this gateway holds the virtual address"),
    "bridge_drained": ("gauge", "Whether this gateway was taken out of service"),
    "bridge_remote_reached_timestamp_seconds": ("gauge", "When AWS could last be reached from this gateway"),
}
Sample = tuple[str, dict[str, str], float]


def refused(received: dict[str, Any], accepted: set[str], config: dict[str, Any]) -> dict[str, int]:
    """How many prefixes of a peer were not believed, by reason; its echo of our own is none."""
    counts = dict.fromkeys(("default", "overlap", "foreign"), 0)
    private = [IPv4Network(each) for each in config["private_ranges"]]
    for prefix, route in received.items():
        network = IPv4Network(prefix)
        if prefix in accepted or str(config["private_asn"]) in str(route.get("path", "")).split():
            continue
        if network.prefixlen == 0:
            counts["default"] += 1
        elif any(network.overlaps(each) for each in private):
            counts["overlap"] += 1
        else:
            counts["foreign"] += 1
    return counts


def collect(config: dict[str, Any], now: float) -> Iterator[Sample]:
    """Every sample; what a daemon that is away would say, is missing."""
    yield from _tunnels(config)
    yield from _sessions(config)
    yield from _drops()
    held = config["virtual_address"] in _run(
        "ip", "-brief", "address", "show", "dev", config["lan_interface"]
    )
    yield "bridge_virtual_address_held", {}, held
    yield "bridge_drained", {}, DRAINED.exists()
    if _reaches_aws():
        write(REACHED, str(now))
    if REACHED.exists():
        yield "bridge_remote_reached_timestamp_seconds", {}, float(REACHED.read_text())


def _tunnels(config: dict[str, Any]) -> Iterator[Sample]:
    up = carrying(sas())
    links = {
        each["ifname"]: each.get("stats64", {}) for each in _json("ip", "-json", "-stats", "link", "show")
    }
    rekeys = _rekeys()
    for name, tunnel in config["tunnels"].items():
        label = {"tunnel": name}
        stats = links.get(tunnel["interface"], {})
        yield "bridge_tunnel_up", label, name in up
        if stats:
            yield "bridge_tunnel_received_bytes_total", label, stats["rx"]["bytes"]
            yield "bridge_tunnel_sent_bytes_total", label, stats["tx"]["bytes"]
        if name in rekeys:
            yield "bridge_tunnel_rekeys_total", label, rekeys[name]
    if REFUSALS.exists():
        for each in json.loads(REFUSALS.read_text()):
            labels = {"tunnel": each["tunnel"], "reason": each["reason"]}
            yield "bridge_tunnel_refusals_total", labels, each["count"]


def _rekeys() -> dict[str, int]:
    """New keys by tunnel, of charon's counters: lines of `<name> : <count>` below a line for each connection."""
    found: dict[str, int] = {}
    name = ""
    for line in _run("swanctl", "--counters", "--all").splitlines():
        key, colon, count = (part.strip() for part in line.partition(":"))
        if not colon:
            continue
        if not count:
            name = key.split()[-1].strip("'")
        elif "rekey" in key:
            found[name] = found.get(name, 0) + int(count)
    return found


def _sessions(config: dict[str, Any]) -> Iterator[Sample]:
    peers = _json("vtysh", "-c", "show bgp ipv4 unicast summary json").get("peers", {})
    for name, tunnel in config["tunnels"].items():
        label, address = {"tunnel": name}, tunnel["aws_address"]
        session = peers.get(address, {})
        yield "bridge_bgp_established", label, session.get("state") == "Established"
        show = f"show bgp ipv4 unicast neighbors {address}"
        received = _json("vtysh", "-c", f"{show} received-routes json").get("receivedRoutes", {})
        accepted = set(_json("vtysh", "-c", f"{show} routes json").get("routes", {}))
        yield "bridge_bgp_accepted_prefixes", label, len(accepted)
        for reason, count in refused(received, accepted, config).items():
            yield "bridge_bgp_refused_prefixes", {**label, "reason": reason}, count


def _drops() -> Iterator[Sample]:
    for each in _json("nft", "--json", "list", "counters", "table", "inet", "rialto").get("nftables", []):
        if counter := each.get("counter"):
            yield "bridge_dropped_packets_total", {"reason": counter["name"]}, counter["packets"]


def render(samples: Iterator[Sample]) -> str:
    """The text format (https://prometheus.io/docs/instrumenting/exposition_formats/), a metric's samples together."""
    by_name: dict[str, list[str]] = {}
    for name, labels, value in samples:
        inner = ",".join(f'{key}="{each}"' for key, each in labels.items())
        by_name.setdefault(name, []).append(
            f"{name}{{{inner}}} {float(value)}" if inner else f"{name} {float(value)}"
        )
    lines: list[str] = []
    for name, found in by_name.items():
        kind, says = METRICS[name]
        lines += [f"# HELP {name} {says}", f"# TYPE {name} {kind}", *found]
    return "\n".join(lines) + "\n"


def _reaches_aws() -> bool:
    return subprocess.run(["/usr/local/sbin/bridge-reaches-aws"], check=False).returncode == 0


def _run(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, timeout=10, check=False).stdout


def _json(*command: str) -> Any:  # noqa: ANN401 - whatever it answers
    """A command's answer; nothing, where it has none."""
    try:
        return json.loads(_run(*command))
    except ValueError:
        return {}


def main() -> None:
    """Replace the file that node_exporter reads, or the one that is named."""
    out = Path(sys.argv[1]) if len(sys.argv) > 1 else OUT
    write(out, render(collect(json.loads(CONFIG.read_text()), time.time())))


if __name__ == "__main__":
    main()
