"""FRR's files: one BGP session in each tunnel, what is told, and what is believed."""

from __future__ import annotations

from infra.bridge.description import Bridge, Gateway

__all__ = ["conf", "daemons"]

# How often an absent peer is called.
CONNECT_SECONDS = 2
# A bgpd that dies is back in seconds, while the kernel goes on forwarding.
RESTART_SECONDS = 30
MAX_PATHS = 2


def daemons() -> str:
    """Which daemons run: BGP and what it needs; none listens for telnet."""
    return f"""\
bgpd=yes
vtysh_enable=yes
# -K: routes stay in the kernel while zebra starts again.
zebra_options="-A 127.0.0.1 -P 0 -K {RESTART_SECONDS}"
bgpd_options="-A 127.0.0.1 -P 0"
staticd_options="-A 127.0.0.1 -P 0"
frr_profile="traditional"
"""


def conf(bridge: Bridge, gateway: Gateway) -> str:
    """Both sessions. Packets of the gateway's own leave with its address, which AWS has a route to."""
    return f"""\
frr version 8.4
frr defaults traditional
hostname {gateway.name}
log syslog warnings
service integrated-vtysh-config
no ipv6 forwarding
!
{_lists(bridge)}
!
route-map FROM-AWS permit 10
 match ip address prefix-list REMOTE
exit
!
route-map TO-AWS permit 10
 match ip address prefix-list PRIVATE
exit
!
route-map SOURCE permit 10
 set src {gateway.address}
exit
!
ip protocol bgp route-map SOURCE
!
{_sessions(bridge, gateway)}
!
end
"""


def _lists(bridge: Bridge) -> str:
    """Exactly the remote range in, exactly the private ranges out: no default route, no part, nothing that overlaps."""
    private = [
        f"ip prefix-list PRIVATE seq {10 * place} permit {each}"
        for place, each in enumerate(bridge.private_ranges, start=1)
    ]
    return "\n".join([f"ip prefix-list REMOTE seq 10 permit {bridge.remote_range}", *private])


def _sessions(bridge: Bridge, gateway: Gateway) -> str:
    neighbors = [
        line
        for tunnel in gateway.tunnels.values()
        for line in (
            f" neighbor {tunnel.aws_address} peer-group AWS",
            f" neighbor {tunnel.aws_address} description {tunnel.name}",
        )
    ]
    networks = [f"  network {each}" for each in bridge.private_ranges]
    return "\n".join(
        [
            f"router bgp {bridge.private_asn}",
            f" bgp router-id {gateway.address}",
            " bgp log-neighbor-changes",
            # The private ranges lie behind the default route; nothing of them is in the table itself.
            " no bgp network import-check",
            " bgp graceful-restart",
            f" bgp graceful-restart restart-time {RESTART_SECONDS}",
            f" bgp graceful-restart stalepath-time {RESTART_SECONDS}",
            " bgp graceful-restart preserve-fw-state",
            # Silence ends a session for good: kept through it, dead routes would outlive the hold time by 30 s.
            " no bgp graceful-restart notification",
            " neighbor AWS peer-group",
            f" neighbor AWS remote-as {bridge.aws_asn}",
            f" neighbor AWS timers {bridge.bgp.keepalive_seconds} {bridge.bgp.hold_seconds}",
            f" neighbor AWS timers connect {CONNECT_SECONDS}",
            *neighbors,
            " !",
            " address-family ipv4 unicast",
            *networks,
            # What was refused is kept, so that it can be counted.
            "  neighbor AWS soft-reconfiguration inbound",
            "  neighbor AWS route-map FROM-AWS in",
            "  neighbor AWS route-map TO-AWS out",
            f"  maximum-paths {MAX_PATHS}",
            " exit-address-family",
            "exit",
        ]
    )
