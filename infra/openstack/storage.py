"""Where the private side keeps data: a container for each data set, and encrypted volumes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi_openstack import blockstorage, objectstorage

from infra.settings.openstack import ReaderSettings, StorageSettings
from infra.settings.residency import Label

__all__ = ["Storage", "StorageArgs"]


@dataclass(frozen=True, kw_only=True)
class StorageArgs:
    """What is stored, how it is protected, and who may read data of which label."""

    storage: StorageSettings
    volume_type: pulumi.Input[str]
    data_sets: Mapping[str, Label]
    container_prefix: str
    project_id: str
    readers: Mapping[Label, Sequence[ReaderSettings]]
    tags: Mapping[str, str]
    protect: bool


class Storage(pulumi.ComponentResource):
    """Private, versioned containers on encrypted disks, and encrypted volumes; `stores` are S3 addresses."""

    stores: Mapping[str, pulumi.Output[str]]
    containers: Mapping[str, pulumi.Output[str]]
    volume_ids: Mapping[str, pulumi.Output[str]]
    s3_endpoint: str

    def __init__(self, name: str, args: StorageArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("rialto:openstack:Storage", name, None, opts)
        # Kept twice over: `protect` refuses to delete, and what leaves the program after all is not deleted either.
        self._kept = pulumi.ResourceOptions(parent=self, protect=args.protect, retain_on_delete=args.protect)
        self.containers = {
            key: self._container(f"{name}-{key}", f"{args.container_prefix}-{key}", label, args)
            for key, label in args.data_sets.items()
        }
        self.stores = {key: pulumi.Output.concat("s3://", each) for key, each in self.containers.items()}
        self.volume_ids = {
            key: self._volume(f"{name}-{key}", each.size_gib, args)
            for key, each in args.storage.volumes.items()
        }
        self.s3_endpoint = args.storage.s3_endpoint
        self.register_outputs(
            {
                "stores": self.stores,
                "containers": self.containers,
                "volume_ids": self.volume_ids,
                "s3_endpoint": self.s3_endpoint,
            }
        )

    def _container(self, name: str, container: str, label: Label, args: StorageArgs) -> pulumi.Output[str]:
        readers = args.readers.get(label, ())
        return objectstorage.Container(
            name,
            name=container,
            storage_policy=args.storage.object_policy,
            versioning=True,
            # Single users; nobody else but the project's own operators reads or writes anything.
            container_read=",".join(f"{args.project_id}:{each.user_id}" for each in readers) or None,
            metadata={**args.tags, "residency": label},
            force_destroy=not args.protect,
            opts=self._kept,
        ).name

    def _volume(self, name: str, size_gib: int, args: StorageArgs) -> pulumi.Output[str]:
        return blockstorage.Volume(
            name,
            size=size_gib,
            volume_type=args.volume_type,
            enable_online_resize=True,
            metadata=args.tags,
            opts=self._kept,
        ).id
