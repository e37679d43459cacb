"""What the kernel must be told: forwarding, the tunnels' interfaces, and a dead end for packets without a tunnel."""

from __future__ import annotations

from infra.bridge.description import Bridge, Gateway

__all__ = ["NETWORKD", "interfaces", "reaches_aws", "sysctl"]

# FRR reads the highest byte of a kernel route's metric as its distance: 255, which never wins against BGP's
# (https://docs.frrouting.org/en/latest/zebra.html#administrative-distance).
DEAD_END_METRIC = 0xFF002000
# networkd would remove what FRR and bridge-interfaces put into the routing table.
NETWORKD = "[Network]\nManageForeignRoutes=no\nManageForeignRoutingPolicyRules=no\n"


def sysctl() -> str:
    """Packets may come back another way than they went; nothing is told to go around; no IPv6."""
    return """\
net.ipv4.ip_forward = 1
# nftables knows which ranges may come from where; the kernel's own check refuses what two gateways share.
net.ipv4.conf.all.rp_filter = 0
net.ipv4.conf.default.rp_filter = 0
net.ipv4.conf.all.accept_redirects = 0
net.ipv4.conf.default.accept_redirects = 0
net.ipv4.conf.all.send_redirects = 0
net.ipv4.conf.default.send_redirects = 0
net.ipv4.conf.all.accept_source_route = 0
# Both tunnels carry packets, each connection stays in one.
net.ipv4.fib_multipath_hash_policy = 1
net.ipv6.conf.all.disable_ipv6 = 1
net.ipv6.conf.default.disable_ipv6 = 1
"""


def interfaces(bridge: Bridge, gateway: Gateway) -> str:
    """The script that makes the interfaces, down: bridge-watch takes each up while its SA is there."""
    lines = [
        f"tunnel {each.interface} {each.if_id} {each.gateway_address}/{each.inside.prefixlen}"
        for each in gateway.tunnels.values()
    ]
    calls = "\n".join(lines)
    return f"""\
#!/bin/sh
# Make the tunnels' interfaces; may be run again.
set -eu
tunnel() {{
  ip link show dev "$1" >/dev/null 2>&1 || ip link add "$1" type xfrm dev lo if_id "$2"
  ip link set dev "$1" mtu {bridge.mtu}
  ip addr replace "$3" dev "$1"
}}
# Without a tunnel packets for AWS end here, whatever FRR does: the default route leads out in plain text.
ip route replace blackhole {bridge.remote_range} metric {DEAD_END_METRIC}
{calls}
"""


def reaches_aws(bridge: Bridge) -> str:
    """Whether keepalived may hold the address: whether packets for AWS would go into a tunnel."""
    return f"""\
#!/bin/sh
ip route get {bridge.remote_range.network_address + 1} 2>/dev/null | grep -q ' dev tunnel-'
"""
