"""AWS's end, made of the tunnel options that the program declares: strongSwan's and FRR's files in other words.

Stands for AWS as its documents describe it: IKEv2 with the one proposal, AWS begins, DPD with restart, BGP timers of 10
and 30 s where the lower offer counts, ECMP over all tunnels of a Transit Gateway, and MED to lead traffic away from an
endpoint before AWS replaces it (https://docs.aws.amazon.com/vpn/latest/s2svpn/VPNTunnels.html).
"""

from __future__ import annotations

from typing import Any

__all__ = ["CHARON", "bgp", "connection"]

CIPHERS = {"AES256-GCM-16": "aes256gcm16"}
PRFS = {"SHA2-256": "prfsha256", "SHA2-384": "prfsha384", "SHA2-512": "prfsha512"}
DH_GROUPS = {19: "ecp256", 20: "ecp384", 21: "ecp521"}
# One of AWS's own retransmission schedules: 2, 3, 4.5, 6.75 s.
CHARON = """
charon {{
  install_routes = no
  install_virtual_ip = no
  load_modular = yes
  retransmit_timeout = 2.0
  retransmit_base = 1.5
  retransmit_tries = 4
  plugins {{
    include /etc/strongswan.d/charon/*.conf
    vici {{
      socket = unix://{folder}/vici
    }}
  }}
  filelog {{
    log {{
      path = {folder}/charon.log
      time_format = %T
      default = 1
      flush_line = yes
    }}
  }}
}}
# A shared word needs no plugin, and each costs an emulated processor much.
swanctl {{
  load = random
}}
"""
DPD_PROBES = 3
KEEPALIVE_SECONDS = 10
HOLD_SECONDS = 30
MAX_PATHS = 16


def connection(peer: dict[str, Any]) -> str:
    """Swanctl's file of one endpoint."""
    options = peer["options"]
    ike = "-".join(_proposal(options, "phase1"))
    cipher, _, group = _proposal(options, "phase2")
    begin = options["startup_action"] == "start"
    return f"""
connections {{
  aws {{
    version = {options["ike_versions"][0].removeprefix("ikev")}
    local_addrs = {peer["address"]}
    remote_addrs = {peer["public_address"]}
    proposals = {ike}
    unique = replace
    keyingtries = 0
    dpd_delay = {options["dpd_timeout_seconds"] // DPD_PROBES}s
    rekey_time = {options["phase1_lifetime_seconds"] * 9 // 10}s
    local {{
      auth = psk
      id = {peer["address"]}
    }}
    remote {{
      auth = psk
      id = {peer["public_address"]}
    }}
    children {{
      aws {{
        local_ts = 0.0.0.0/0
        remote_ts = 0.0.0.0/0
        if_id_in = 1
        if_id_out = 1
        esp_proposals = {cipher}-{group}
        rekey_time = {options["phase2_lifetime_seconds"] * 9 // 10}s
        life_time = {options["phase2_lifetime_seconds"]}s
        start_action = {"start" if begin else "none"}
        close_action = {"start" if begin else "none"}
        dpd_action = {options["dpd_timeout_action"]}
      }}
    }}
  }}
}}
secrets {{
  ike-aws {{
    id-1 = {peer["address"]}
    id-2 = {peer["public_address"]}
    secret = "{peer["preshared_key"]}"
  }}
}}
"""


def _proposal(options: dict[str, Any], phase: str) -> tuple[str, str, str]:
    return (
        CIPHERS[options[f"{phase}_encryption_algorithms"][0]],
        PRFS[options[f"{phase}_integrity_algorithms"][0]],
        DH_GROUPS[options[f"{phase}_dh_group_numbers"][0]],
    )


def bgp(plan: dict[str, Any]) -> str:
    """FRR's file of the Transit Gateway: one session for each tunnel, all of them used at once."""
    sessions = [
        (f"{gateway}-{tunnel}", peer["gateway_address"])
        for gateway, facts in plan["gateways"].items()
        for tunnel, peer in facts["tunnels"].items()
    ]
    neighbors = "\n".join(
        f""" neighbor {address} remote-as {plan["private_asn"]}
 neighbor {address} description {name}
 neighbor {address} timers {KEEPALIVE_SECONDS} {HOLD_SECONDS}
 neighbor {address} timers connect 5"""
        for name, address in sessions
    )
    policies = "\n".join(
        f"  neighbor {address} route-map IN-{name} in\n  neighbor {address} route-map OUT-{name} out"
        for name, address in sessions
    )
    maps = "\n".join(
        f"route-map IN-{name} permit 10\nexit\nroute-map OUT-{name} permit 10\n set metric 100\nexit"
        for name, _ in sessions
    )
    return f"""
frr version 8.4
frr defaults traditional
hostname transit
log file /run/lab/transit/frr.log
{maps}
router bgp {plan["aws_asn"]}
 bgp router-id 169.254.255.1
 no bgp network import-check
 no bgp ebgp-requires-policy
 bgp graceful-restart
{neighbors}
 address-family ipv4 unicast
  network {plan["remote_range"]}
{policies}
  maximum-paths {MAX_PATHS}
 exit-address-family
exit
"""
