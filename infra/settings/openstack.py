"""What a stack chooses of the private cloud: network, gateways, cluster, storage, credentials."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from ipaddress import IPv4Network
from typing import Annotated, Self

from pydantic import Field, model_validator

from infra.settings.group import Group, Name, Network
from infra.settings.openstack_cluster import ClusterSettings, FlavorName, FlavorSettings
from infra.settings.openstack_network import (
    GatewaySettings,
    LoadBalancerSettings,
    NetworkSettings,
    require_apart,
)

__all__ = [
    "CredentialSettings",
    "OpenStackSettings",
    "OperatorSettings",
    "ReaderSettings",
    "StorageSettings",
    "VolumeSettings",
    "require_current",
]

# A key that lives longer is one that nobody remembers how to replace.
MAX_CREDENTIAL_LIFE = timedelta(days=400)
# The network's and the broadcast address, the router's, and DHCP's on up to two network nodes.
RESERVED_ADDRESSES = 5

# Keystone's ids: https://docs.openstack.org/api-ref/identity/v3/
KeystoneId = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
CloudName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$")]


def require_current(expires: date, today: date) -> None:
    """Refuse a day of expiry that has come, or is further away than anybody remembers."""
    latest = today + MAX_CREDENTIAL_LIFE
    if expires <= today:
        raise ValueError(
            f"expires is {expires}, which has come; choose a later day, and `pulumi up` makes new ones"
        )
    if expires > latest:
        raise ValueError(
            f"expires is {expires}, more than {MAX_CREDENTIAL_LIFE.days} days away; choose {latest} or before"
        )


class VolumeSettings(Group):
    """One encrypted volume."""

    size_gib: Annotated[int, Field(ge=1, le=65536)]
    """Its size; it can grow, never shrink."""


class StorageSettings(Group):
    """Where data lies: encrypted volumes, and object containers on encrypted disks."""

    volume_type: Annotated[str, Field(min_length=1, max_length=255)]
    """The name of the encrypted volume type that this stack makes; no other stack of the cloud has it."""
    object_policy: Annotated[str, Field(min_length=1, max_length=255)]
    """The object store's policy whose disks are encrypted; its operator made it."""
    s3_endpoint: Annotated[str, Field(pattern=r"^https://[a-z0-9.-]+(:\d+)?$")]
    """Where the object store speaks S3, for pods."""
    s3_ranges: Annotated[tuple[Network, ...], Field(min_length=1, strict=False)]
    """Its addresses: what pods that fetch a release may reach."""
    volumes: dict[Name, VolumeSettings] = Field(default_factory=dict)
    """Volumes by name."""


class OperatorSettings(Group):
    """The cloud's operator: only an administrator of Cinder may make a volume type and encrypt it."""

    cloud: CloudName
    """The entry of clouds.yaml; nothing but the volume type is made with it."""


class ReaderSettings(Group):
    """A technical user whose S3 key pods read data sets with; it may do nothing else."""

    cloud: CloudName
    """Its entry of clouds.yaml: only the user itself may make its key."""
    user_id: KeystoneId
    """The user, in the project with a role that the object store gives no right for: containers name it instead."""


class CredentialSettings(Group):
    """The application credentials that jobs on the private side use."""

    expires: Annotated[date, Field(strict=False)]
    """The day, UTC, on which all of them end; a later day makes new ones."""
    roles: Annotated[tuple[str, ...], Field(min_length=1, strict=False)]
    """The roles that they have, of those that `pulumi up` has; access rules narrow them further."""

    @model_validator(mode="after")
    def _is_current(self) -> Self:
        require_current(self.expires, datetime.now(UTC).date())
        if "admin" in self.roles:
            raise ValueError("roles names admin, which may do anything; choose member, or a narrower role")
        return self


class OpenStackSettings(Group):
    """The core and cold side: one project of one private cloud."""

    cloud: CloudName
    """The entry of clouds.yaml that `pulumi up` uses; it holds the password, which no stack file does."""
    region: Annotated[str, Field(min_length=1)]
    """The region of everything."""
    project_id: KeystoneId
    """The project of everything."""
    network: NetworkSettings
    flavors: Annotated[dict[FlavorName, FlavorSettings], Field(min_length=1)]
    """What is known of the flavours in use, by name."""
    cluster: ClusterSettings
    load_balancer: LoadBalancerSettings
    gateways: GatewaySettings
    storage: StorageSettings
    operator: OperatorSettings
    reader: ReaderSettings
    sync_reader: ReaderSettings
    """Another such user, whose key reads what is copied to AWS."""
    credentials: CredentialSettings

    @model_validator(mode="after")
    def _ranges_are_apart(self) -> Self:
        require_apart(self.ranges())
        return self

    @model_validator(mode="after")
    def _gateways_are_in_their_subnet(self) -> Self:
        self.gateways.require_inside(self.network.gateways)
        return self

    @model_validator(mode="after")
    def _cluster_fits_its_subnet(self) -> Self:
        room = self.network.cluster.num_addresses - RESERVED_ADDRESSES
        if self.cluster.max_machines > room:
            raise ValueError(
                f"network.cluster is {self.network.cluster}, room for {max(room, 0)} machines, but the cluster may "
                f"grow to {self.cluster.max_machines}; choose a larger subnet or lower max-nodes"
            )
        return self

    @model_validator(mode="after")
    def _flavors_are_known_and_fit(self) -> Self:
        for key, (name, needs_gpu) in self._flavors_in_use().items():
            flavor = self.flavors.get(name)
            if flavor is None:
                raise ValueError(
                    f"{key} is {name}, of which nothing is known; describe it in flavors, "
                    f"or choose of {', '.join(self.flavors)}"
                )
            if needs_gpu and not flavor.gpus:
                raise ValueError(
                    f"{key} is {name}, which has no GPU; choose one that has, or move the pool to pools"
                )
            if flavor.gpus and not needs_gpu:
                raise ValueError(
                    f"{key} is {name}, whose GPUs would idle; choose one without, or use gpu-pools"
                )
        return self

    @model_validator(mode="after")
    def _reader_is_a_user_of_its_own(self) -> Self:
        for key, cloud in (("cloud", self.cloud), ("operator.cloud", self.operator.cloud)):
            for whose, reader in (("reader", self.reader), ("sync-reader", self.sync_reader)):
                if reader.cloud == cloud:
                    raise ValueError(
                        f"{whose}.cloud is {cloud}, as is {key}, whose user may do everything here, and so would "
                        f"pods; give the {whose} a user and an entry of clouds.yaml of its own"
                    )
        if self.reader.user_id == self.sync_reader.user_id:
            raise ValueError(
                f"sync-reader.user-id is {self.sync_reader.user_id}, as is reader.user-id, so Triton could read hot "
                "data; give the sync a user of its own"
            )
        return self

    def _flavors_in_use(self) -> dict[str, tuple[str, bool]]:
        """The flavour at each key that names one, and whether it must have GPUs."""
        cluster = self.cluster
        return {
            "gateways.flavor": (self.gateways.flavor, False),
            "cluster.control-plane.flavor": (cluster.control_plane.flavor, False),
            "cluster.system-nodes.flavor": (cluster.system_nodes.flavor, False),
            **{f"cluster.pools.{name}.flavor": (each.flavor, False) for name, each in cluster.pools.items()},
            **{
                f"cluster.gpu-pools.{name}.flavor": (each.flavor, True)
                for name, each in cluster.gpu_pools.items()
            },
        }

    def ranges(self) -> dict[str, IPv4Network]:
        """The ranges that must be apart from every other side's, by key."""
        return {
            "network.range": self.network.range,
            "cluster.pod-range": self.cluster.pod_range,
            "cluster.service-range": self.cluster.service_range,
        }

    def accelerators(self) -> dict[str, float]:
        """The CUDA compute capability of each GPU pool, by key."""
        gpus = {name: self.flavors[pool.flavor].gpu for name, pool in self.cluster.gpu_pools.items()}
        return {f"cluster.gpu-pools.{name}": gpu.compute_capability for name, gpu in gpus.items() if gpu}

    def memory_gib(self) -> dict[str, tuple[int, int | None]]:
        """The memory of a node and of one of its GPUs, if any, in GiB, of each pool that may run Triton, by key."""
        pools = {
            **{f"cluster.pools.{name}": pool for name, pool in self.cluster.pools.items()},
            **{f"cluster.gpu-pools.{name}": pool for name, pool in self.cluster.gpu_pools.items()},
        }
        flavors = {key: self.flavors[pool.flavor] for key, pool in pools.items()}
        return {
            key: (flavor.memory_gib, flavor.gpu.memory_gib if flavor.gpu else None)
            for key, flavor in flavors.items()
        }
