"""The Tritons that one cluster may ask: its own first, and those of the other cloud where a stack says so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pulumi_kubernetes as kubernetes

from infra.inference.network_policy import Egress
from infra.inference.triton import LABELS, PORTS
from infra.settings.edge import OverflowSettings
from serving.edge.config import TritonUpstream

__all__ = ["to_tritons", "tritons"]


def tritons(host: str, overflow: OverflowSettings | None) -> Sequence[TritonUpstream]:
    """As Envoy is told of them."""
    ours = TritonUpstream(host=host, http_port=PORTS["http"], grpc_port=PORTS["grpc"])
    if overflow is None:
        return [ours]
    there = {"http_port": overflow.http_port, "grpc_port": overflow.grpc_port}
    return [ours, TritonUpstream(host=overflow.host, priority=1, **there)]


def to_tritons(overflow: OverflowSettings | None) -> Sequence[Egress]:
    """As the network policy lets a pod call them."""
    found = [_to({"pod_selector": {"match_labels": LABELS}}, PORTS)]
    if overflow:
        there = {"http": overflow.http_port, "grpc": overflow.grpc_port}
        found.append(_to({"ip_block": {"cidr": str(overflow.range)}}, there))
    return found


def _to(peer: kubernetes.networking.v1.NetworkPolicyPeerArgsDict, ports: Mapping[str, int]) -> Egress:
    return {"to": [peer], "ports": [{"protocol": "TCP", "port": ports[key]} for key in ("http", "grpc")]}
