"""How a gateway leaves without losing a packet: AWS and the private cloud are led to the other one first."""

from __future__ import annotations

from infra.bridge.description import Bridge

__all__ = ["script"]

# Longer than any path that the others offer.
PREPENDED = 3
# Until AWS and the router use the other gateway: BGP updates wait at most a few seconds, VRRP moves within two.
SETTLE_SECONDS = 12


def script(bridge: Bridge) -> str:
    """Take this gateway out of service and wait until nobody uses it; `back` undoes that."""
    path = " ".join([str(bridge.private_asn)] * PREPENDED)
    return f"""\
#!/bin/sh
# Take this gateway out of service: packets go on passing, but nobody prefers it any more. `back` undoes that.
# usage: bridge-drain [back]
set -eu
told() {{
  vtysh -c 'configure terminal' -c 'route-map TO-AWS permit 10' -c "$1" -c end -c 'clear bgp ipv4 unicast * soft out'
}}
if [ "${{1:-}}" = back ]; then
  rm -f /run/bridge-drained
  told 'no set as-path prepend'
  exit
fi
touch /run/bridge-drained
told 'set as-path prepend {path}'
sleep {SETTLE_SECONDS}
"""
