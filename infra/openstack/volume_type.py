"""The type of every volume of the estate: encrypted, and for our project only."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
from pulumi_openstack import blockstorage

from infra.openstack.volume_type_encryption import VolumeTypeEncryption

__all__ = ["VolumeType", "VolumeTypeArgs"]


@dataclass(frozen=True, kw_only=True)
class VolumeTypeArgs:
    """Its name, who may use it, and the operator's entry of clouds.yaml."""

    volume_type: str
    project_id: str
    operator: str
    region: str
    protect: bool


class VolumeType(pulumi.ComponentResource):
    """A volume type whose name is known once it is encrypted: no volume that waits for it can be plain."""

    name: pulumi.Output[str]

    def __init__(self, name: str, args: VolumeTypeArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("rialto:openstack:VolumeType", name, None, opts)
        # What keeps its volumes keeps their type.
        inside = pulumi.ResourceOptions(parent=self, protect=args.protect, retain_on_delete=args.protect)
        made = blockstorage.VolumeTypeV3(
            name,
            name=args.volume_type,
            description="Rialto: encrypted",
            is_public=False,
            opts=inside,
        )
        access = blockstorage.VolumeTypeAccessV3(
            name, project_id=args.project_id, volume_type_id=made.id, opts=inside
        )
        encryption = VolumeTypeEncryption(name, made.id, args.operator, args.region, inside)
        self.name = pulumi.Output.all(made.name, access.id, encryption.id).apply(lambda known: str(known[0]))
        self.register_outputs({"name": self.name})
