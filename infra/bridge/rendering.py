"""All files of one gateway machine, by path: pure text, so that a laboratory can run them as they are."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from infra.bridge import drain, firewall, frr, kernel, swanctl, unit, vrrp
from infra.bridge.description import TUNNELS, Bridge, Gateway, Peer

__all__ = ["File", "gateway_files"]

MACHINE = Path(__file__).parent / "machine"
PUBLIC, SECRET, PROGRAM = "0644", "0600", "0755"
FRR = "frr:frr"


@dataclass(frozen=True, kw_only=True)
class File:
    """What a file holds, who may read it, and whose it is."""

    content: str
    mode: str = PUBLIC
    owner: str = "root:root"


def gateway_files(
    bridge: Bridge, gateway_name: str, peers: Mapping[str, Peer], public_address: str
) -> dict[str, File]:
    """The files of one gateway; `peers` are AWS's ends by tunnel, `public_address` is the one that AWS knows."""
    gateway = bridge.gateways[gateway_name]
    return {
        "/etc/bridge.json": File(content=_config(bridge, gateway)),
        **_ipsec(bridge, gateway, peers, public_address),
        "/etc/nftables.conf": File(content=firewall.rules(bridge, gateway, peers), mode=PROGRAM),
        "/etc/sysctl.d/90-bridge.conf": File(content=kernel.sysctl()),
        "/etc/systemd/networkd.conf.d/bridge.conf": File(content=kernel.NETWORKD),
        "/etc/frr/daemons": File(content=frr.daemons(), mode="0640", owner=FRR),
        "/etc/frr/frr.conf": File(content=frr.conf(bridge, gateway), mode="0640", owner=FRR),
        "/etc/keepalived/keepalived.conf": File(content=vrrp.conf(bridge, gateway)),
        "/usr/local/sbin/bridge-interfaces": File(content=kernel.interfaces(bridge, gateway), mode=PROGRAM),
        "/usr/local/sbin/bridge-reaches-aws": File(content=kernel.reaches_aws(bridge), mode=PROGRAM),
        "/usr/local/sbin/bridge-drain": File(content=drain.script(bridge), mode=PROGRAM),
        **{f"/usr/local/lib/bridge/{each.name}": File(content=each.read_text()) for each in _programs()},
        **{path: File(content=text) for path, text in unit.units().items()},
    }


def _ipsec(
    bridge: Bridge, gateway: Gateway, peers: Mapping[str, Peer], public_address: str
) -> dict[str, File]:
    found = {"/etc/strongswan.d/bridge.conf": File(content=swanctl.charon())}
    for name in TUNNELS:
        tunnel, peer = gateway.tunnels[name], peers[name]
        terms = swanctl.connection(bridge, gateway, tunnel, peer.address, public_address)
        key = swanctl.secret(name, peer, public_address)
        found[f"/etc/swanctl/conf.d/{name}.conf"] = File(content=terms)
        found[f"/etc/swanctl/conf.d/{name}-key.conf"] = File(content=key, mode=SECRET)
    return found


def _programs() -> list[Path]:
    return sorted(MACHINE.glob("*.py"))


def _config(bridge: Bridge, gateway: Gateway) -> str:
    """What the programs need to know."""
    config = {
        "gateway": gateway.name,
        "lan_interface": bridge.lan_interface,
        "virtual_address": str(bridge.virtual_address),
        "private_asn": bridge.private_asn,
        "private_ranges": [str(each) for each in bridge.private_ranges],
        "tunnels": {
            each.name: {"interface": each.interface, "aws_address": str(each.aws_address)}
            for each in gateway.tunnels.values()
        },
    }
    return json.dumps(config, indent=1) + "\n"
