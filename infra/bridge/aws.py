"""AWS's end of the bridge: the one place that its tunnels' options come from."""

from __future__ import annotations

from typing import Any

from infra.bridge.description import Bridge, TunnelName
from infra.settings.bridge_tunnel import ENCRYPTION, IKE_VERSION

__all__ = ["tunnel_options"]


def tunnel_options(bridge: Bridge, gateway: str, tunnel: TunnelName) -> dict[str, Any]:
    """One tunnel's options but its key and log, named as AWS's API does, each a list of the one accepted thing."""
    proposal = bridge.proposal
    return {
        "inside_cidr": str(bridge.gateways[gateway].tunnels[tunnel].inside),
        "ike_versions": [IKE_VERSION],
        "phase1_encryption_algorithms": [ENCRYPTION],
        "phase1_integrity_algorithms": [proposal.integrity],
        "phase1_dh_group_numbers": [proposal.dh_group],
        "phase1_lifetime_seconds": proposal.ike_lifetime_seconds,
        "phase2_encryption_algorithms": [ENCRYPTION],
        "phase2_integrity_algorithms": [proposal.integrity],
        "phase2_dh_group_numbers": [proposal.dh_group],
        "phase2_lifetime_seconds": proposal.child_lifetime_seconds,
        # AWS begins, and begins again: a tunnel comes back without traffic from our side.
        "startup_action": "start",
        "dpd_timeout_action": "restart",
        "dpd_timeout_seconds": proposal.dpd_seconds,
    }
