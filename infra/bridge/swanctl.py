"""strongSwan's files: what charon offers and accepts, tunnel by tunnel, and the keys in files of their own."""

from __future__ import annotations

from infra.bridge.description import Bridge, Gateway, Peer, Tunnel, TunnelName

__all__ = ["charon", "connection", "secret"]

# AWS's names to strongSwan's (https://docs.strongswan.org/docs/5.9/config/IKEv2CipherSuites.html).
PRFS = {"SHA2-256": "prfsha256", "SHA2-384": "prfsha384", "SHA2-512": "prfsha512"}
DH_GROUPS = {19: "ecp256", 20: "ecp384", 21: "ecp521"}
CIPHER = "aes256gcm16"
# Ciphers and key exchange, the kernel's ESP, swanctl's socket, and what counts new keys.
PLUGINS = "random nonce openssl hmac kdf gcm kernel-netlink socket-default vici counters"
# AWS begins a new key in the last nine minutes of a lifetime; whoever comes first at half time is never disturbed.
REKEY_SHARE = 2
SPREAD_SHARE = 10
# An idle tunnel is asked every few seconds whether it lives; BGP's own silence is seen sooner.
DPD_SECONDS = 5
# As AWS's own window: packets over several cores come out of order.
REPLAY_WINDOW = 1024


def charon() -> str:
    """What holds for all tunnels: routes are BGP's business, and a silent peer is given up within 13 seconds."""
    return f"""\
charon {{
  # No others: of those that Debian loads, one forwards broadcasts, another lets local networks by in plain text.
  load_modular = no
  load = {PLUGINS}
  # XFRM interfaces and BGP lead packets into tunnels; a route of charon's would lead around the firewall.
  install_routes = no
  install_virtual_ip = no
  # 1, 1.5, 2.3, 3.4, 5.1 s: then the SA is dead, and the tunnel begins anew.
  retransmit_timeout = 1.0
  retransmit_base = 1.5
  retransmit_tries = 4
}}
swanctl {{
  # bridge-watch asks every second, and a shared word needs none of the plugins that would be loaded each time.
  load = random
}}
"""


def connection(
    bridge: Bridge, gateway: Gateway, tunnel: Tunnel, aws_address: str, public_address: str
) -> str:
    """The terms of one tunnel; AWS knows the gateway by its floating address, behind which UDP carries all."""
    proposal = bridge.proposal
    group = DH_GROUPS[proposal.dh_group]
    ike, child = proposal.ike_lifetime_seconds, proposal.child_lifetime_seconds
    return f"""\
connections {{
  {tunnel.name} {{
    version = 2
    local_addrs = {gateway.address}
    remote_addrs = {aws_address}
    proposals = {CIPHER}-{PRFS[proposal.integrity]}-{group}
    # Behind a floating address: UDP even where nobody translates, so that one rule lets it through.
    encap = yes
    mobike = no
    # Both ends begin, and neither sends the other away: whichever came second would do so to the first, and again.
    unique = never
    keyingtries = 0
    dpd_delay = {DPD_SECONDS}s
    rekey_time = {ike // REKEY_SHARE}s
    rand_time = {ike // SPREAD_SHARE}s
    over_time = {ike - ike // REKEY_SHARE}s
    local {{
      auth = psk
      id = {public_address}
    }}
    remote {{
      auth = psk
      id = {aws_address}
    }}
    children {{
      {tunnel.name} {{
        # Route-based: everything that the interface is given, and only that.
        local_ts = 0.0.0.0/0
        remote_ts = 0.0.0.0/0
        if_id_in = {tunnel.if_id}
        if_id_out = {tunnel.if_id}
        esp_proposals = {CIPHER}-{group}
        rekey_time = {child // REKEY_SHARE}s
        rand_time = {child // SPREAD_SHARE}s
        life_time = {child}s
        replay_window = {REPLAY_WINDOW}
        # Begun at the start; after that by AWS, or by bridge-watch, which sees whether another one carries already.
        start_action = start
        close_action = none
        dpd_action = clear
      }}
    }}
  }}
}}
"""


def secret(tunnel: TunnelName, peer: Peer, public_address: str) -> str:
    """The pre-shared key of one tunnel, by the two names that it is between."""
    return f"""\
secrets {{
  ike-{tunnel} {{
    id-1 = {public_address}
    id-2 = {peer.address}
    secret = "{peer.preshared_key}"
  }}
}}
"""
