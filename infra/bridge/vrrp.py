"""keepalived's file: the virtual address is where AWS can be reached from."""

from __future__ import annotations

from infra.bridge.description import Bridge, Gateway

__all__ = ["conf"]

# Beyond any distance between two gateways: who drains gives way to whoever is well.
DRAIN_WEIGHT = 100
# Any number; one pair of gateways to a subnet (https://www.rfc-editor.org/rfc/rfc9568#section-5.2.3).
ROUTER_ID = 51
# How long a gateway that came back must have reached AWS before it takes the address again.
STEADY_SECONDS = 5


def conf(bridge: Bridge, gateway: Gateway) -> str:
    """One instance over unicast: security groups know gateways by address, and multicast has none."""
    others = "\n".join(f"    {each.address}" for each in bridge.others(gateway.name))
    return f"""\
global_defs {{
  router_id {gateway.name}
  vrrp_version 3
  enable_script_security
  script_user root
  # A router that missed the first announcement hears another within the minute.
  vrrp_garp_master_refresh 30
}}

vrrp_script reaches_aws {{
  script "/usr/local/sbin/bridge-reaches-aws"
  interval 1
  timeout 3
  fall 1
  rise {STEADY_SECONDS}
  init_fail
}}

vrrp_script in_service {{
  script "/usr/bin/test ! -e /run/bridge-drained"
  interval 1
  timeout 3
  fall 1
  rise 1
  weight -{DRAIN_WEIGHT}
}}

vrrp_instance bridge {{
  state BACKUP
  interface {bridge.lan_interface}
  virtual_router_id {ROUTER_ID}
  priority {gateway.priority}
  advert_int 1
  unicast_src_ip {gateway.address}
  unicast_peer {{
{others}
  }}
  virtual_ipaddress {{
    {bridge.virtual_address}/32 dev {bridge.lan_interface}
  }}
  track_script {{
    reaches_aws
    in_service
  }}
}}
"""
