"""systemd's units of what is ours on a gateway, and their place among Debian's."""

from __future__ import annotations

__all__ = ["UNITS", "units"]

INTERFACES = """\
[Unit]
Description=The tunnels' interfaces
After=nftables.service systemd-sysctl.service
Before=network.target strongswan.service frr.service keepalived.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/local/sbin/bridge-interfaces

[Install]
WantedBy=multi-user.target
"""
WATCH = """\
[Unit]
Description=Tunnels' interfaces follow their SAs
Requires=bridge-interfaces.service
After=bridge-interfaces.service strongswan.service
StartLimitIntervalSec=0

[Service]
WorkingDirectory=/usr/local/lib
ExecStart=/usr/bin/python3 -m bridge.watch
Restart=always
RestartSec=1

[Install]
WantedBy=multi-user.target
"""
# Stopped before all that it needs, on every shutdown: so a planned stop hands over first.
DRAIN = """\
[Unit]
Description=Hand over to the other gateway before a planned stop
After=network-online.target nftables.service bridge-interfaces.service strongswan.service bridge-watch.service
After=frr.service keepalived.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/true
ExecStop=/usr/local/sbin/bridge-drain
TimeoutStopSec=40

[Install]
WantedBy=multi-user.target
"""
METRICS = """\
[Unit]
Description=The bridge's metrics
After=frr.service strongswan.service

[Service]
Type=oneshot
WorkingDirectory=/usr/local/lib
ExecStart=/usr/bin/python3 -m bridge.metrics
"""
METRICS_TIMER = """\
[Unit]
Description=The bridge's metrics, every few seconds

[Timer]
OnBootSec=10
OnUnitActiveSec=10
AccuracySec=1

[Install]
WantedBy=timers.target
"""
OURS = {
    "bridge-interfaces.service": INTERFACES,
    "bridge-watch.service": WATCH,
    "bridge-drain.service": DRAIN,
    "bridge-metrics.service": METRICS,
    "bridge-metrics.timer": METRICS_TIMER,
}
# In this order, for the first boot: the firewall before any packet, the keys before routes, the address last.
UNITS = (
    "nftables.service",
    "bridge-interfaces.service",
    "strongswan.service",
    "bridge-watch.service",
    "frr.service",
    "keepalived.service",
    "bridge-drain.service",
    "prometheus-node-exporter.service",
    "bridge-metrics.timer",
)


def units() -> dict[str, str]:
    """Our unit files by path."""
    return {f"/etc/systemd/system/{name}": text for name, text in OURS.items()}
