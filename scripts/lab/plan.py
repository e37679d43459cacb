"""What the laboratory is told: both ends of the bridge as a stack declares them, and what is to be tried."""

from __future__ import annotations

import json
from collections.abc import Mapping
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]

from infra.bridge.aws import tunnel_options
from infra.bridge.cloud_init import user_data
from infra.bridge.description import Bridge, Peer, describe
from infra.bridge.rendering import gateway_files
from infra.settings import HybridSettings

__all__ = ["make_plan", "stack_settings"]

STACKS = Path(__file__).parents[2] / "stacks"
CLOUD_CONFIG = "#cloud-config\n"
# Addresses for documents (https://www.rfc-editor.org/rfc/rfc5737): floating ones, and AWS's, each alone in a /30.
FIRST_FLOATING = IPv4Address("198.51.100.11")
FIRST_ENDPOINT = IPv4Address("203.0.113.2")
ENDPOINT_STEP = 4


def stack_settings(stack: str = "prod") -> HybridSettings:
    """A stack as it is in the tree."""
    file = yaml.safe_load((STACKS / f"Pulumi.{stack}.yaml").read_text())
    return HybridSettings.model_validate_json(json.dumps(file["config"]["rialto:settings"]))


def make_plan(settings: HybridSettings, scenarios: Mapping[str, int]) -> dict[str, Any]:
    """Everything that the guest needs, as JSON can hold it; `scenarios` are names with repetitions."""
    bridge = describe(settings)
    return {
        "scenarios": dict(scenarios),
        "private_asn": bridge.private_asn,
        "aws_asn": bridge.aws_asn,
        "mtu": bridge.mtu,
        "mss": bridge.mss,
        "hosts_range": str(settings.openstack.network.cluster),
        "gateways_range": str(bridge.gateway_range),
        "remote_range": str(bridge.remote_range),
        "virtual_address": str(bridge.virtual_address),
        "lan_interface": bridge.lan_interface,
        "gateways": {name: _gateway(bridge, name, place) for place, name in enumerate(bridge.gateways)},
    }


def _gateway(bridge: Bridge, name: str, place: int) -> dict[str, Any]:
    gateway = bridge.gateways[name]
    public = str(FIRST_FLOATING + place)
    first = place * len(gateway.tunnels)
    peers = {
        tunnel: Peer(
            address=str(FIRST_ENDPOINT + ENDPOINT_STEP * (first + number)), preshared_key=_key(name, tunnel)
        )
        for number, tunnel in enumerate(gateway.tunnels)
    }
    rotated = {**peers, "first": Peer(address=peers["first"].address, preshared_key=_key(name, "rotated"))}
    return {
        "address": str(gateway.address),
        "public_address": public,
        "generations": [
            {"key": each["first"].preshared_key, "user_data": _user_data(bridge, name, each, public)}
            for each in (peers, rotated)
        ],
        "tunnels": {
            tunnel: {
                "address": peer.address,
                "public_address": public,
                "preshared_key": peer.preshared_key,
                "aws_address": str(gateway.tunnels[tunnel].aws_address),
                "gateway_address": str(gateway.tunnels[tunnel].gateway_address),
                "wire": f"aws-{first + number}",
                "options": tunnel_options(bridge, name, tunnel),
            }
            for number, (tunnel, peer) in enumerate(peers.items())
        },
    }


def _key(gateway: str, what: str) -> str:
    """A pre-shared key that opens nothing but the laboratory."""
    return f"laboratory_{gateway.replace('-', '_')}_{what}"


def _user_data(bridge: Bridge, name: str, peers: Mapping[Any, Peer], public: str) -> dict[str, Any]:
    """What cloud-init reads, which here is JSON."""
    text = user_data(gateway_files(bridge, name, peers, public))
    return dict(json.loads(text.removeprefix(CLOUD_CONFIG)))
