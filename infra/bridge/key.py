"""The pre-shared keys: one for each tunnel, made by the program, known to both ends and to nobody else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_random as random

from infra.bridge.description import Bridge, TunnelName

__all__ = ["TunnelKeys", "TunnelKeysArgs"]

# The most that AWS takes, and of what it takes only letters: no key begins with 0, none needs quotes anywhere
# (https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_VpnTunnelOptionsSpecification.html).
LENGTH = 64


@dataclass(frozen=True, kw_only=True)
class TunnelKeysArgs:
    """Whose keys, and of which generation each."""

    bridge: Bridge


class TunnelKeys(pulumi.ComponentResource):
    """A key for each tunnel of each gateway; another generation is another key, of that tunnel alone."""

    keys: Mapping[str, Mapping[TunnelName, pulumi.Output[str]]]

    def __init__(self, name: str, args: TunnelKeysArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("rialto:bridge:TunnelKeys", name, None, opts)
        inside = pulumi.ResourceOptions(parent=self, additional_secret_outputs=["result", "bcryptHash"])
        self.keys = {
            key: {
                tunnel: random.RandomPassword(
                    f"{name}-{key}-{tunnel}",
                    length=LENGTH,
                    special=False,
                    numeric=False,
                    keepers={"generation": str(each.key_generation)},
                    opts=inside,
                ).result
                for tunnel, each in gateway.tunnels.items()
            }
            for key, gateway in args.bridge.gateways.items()
        }
        self.register_outputs({"keys": self.keys})
