"""The private cloud as one component: network and gateways' addresses, cluster, and what holds data and secrets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network

import pulumi
import pulumi_openstack as openstack

from infra.openstack.cluster import Cluster, ClusterArgs
from infra.openstack.gateway import (
    GatewayAddresses,
    GatewayAddressesArgs,
    GatewayMachines,
    GatewayMachinesArgs,
)
from infra.openstack.identity import (
    Credentials,
    CredentialsArgs,
    StoreReader,
    StoreReaderArgs,
    fetch_secret,
    read_container,
    write_container,
)
from infra.openstack.load_balancer import LoadBalancer, LoadBalancerArgs
from infra.openstack.network import Network, NetworkArgs
from infra.openstack.secret import SecretStore, SecretStoreArgs
from infra.openstack.storage import Storage, StorageArgs
from infra.openstack.volume_type import VolumeType, VolumeTypeArgs
from infra.settings.openstack import OpenStackSettings, ReaderSettings
from infra.settings.residency import ResidencySettings

__all__ = ["PrivateCloud", "PrivateCloudArgs"]


@dataclass(frozen=True, kw_only=True)
class PrivateCloudArgs:
    """What was chosen for it, the range that lies behind the bridge, and its one secret."""

    openstack: OpenStackSettings
    residency: ResidencySettings
    prefix: str
    tags: Mapping[str, str]
    remote_range: IPv4Network
    pseudonym_key: pulumi.Output[str]
    protect: bool


class PrivateCloud(pulumi.ComponentResource):
    """Everything on OpenStack but the gateway machines, which wait for the other end of their tunnels."""

    kubeconfig: pulumi.Output[str]
    stores: Mapping[str, pulumi.Output[str]]
    gateway_addresses: Mapping[str, pulumi.Output[str]]
    front_address: pulumi.Output[str]
    pseudonym_key_ref: pulumi.Output[str]
    job_credentials: Mapping[str, Mapping[str, pulumi.Output[str]]]
    volume_type: pulumi.Output[str]

    def __init__(self, name: str, args: PrivateCloudArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("rialto:openstack:PrivateCloud", name, None, opts)
        self._name, self._args = name, args
        self._inside = pulumi.ResourceOptions(parent=self)
        self._network = Network(
            name, NetworkArgs(network=args.openstack.network, tags=args.tags), self._inside
        )
        self._gateways = self._declare_gateways()
        self.volume_type = self._declare_volume_type().name
        cluster = self._cluster()
        self._storage = self._declare_storage()
        self._secrets = SecretStore(
            f"{name}-secrets",
            SecretStoreArgs(pseudonym_key=args.pseudonym_key, protect=args.protect),
            self._inside,
        )
        self.job_credentials = self._credentials().by_job
        self.release_reader = self._reader("reader", args.openstack.reader)
        self.sync_reader = self._reader("sync-reader", args.openstack.sync_reader)
        self.containers = self._storage.containers
        self.s3_endpoint = self._storage.s3_endpoint
        self.kubeconfig = cluster.kubeconfig
        self.stores = self._storage.stores
        self.gateway_addresses = self._gateways.floating_addresses
        self.load_balancer = self._load_balancer()
        self.front_address = self.load_balancer.address
        self.pseudonym_key_ref = self._secrets.pseudonym_key_ref
        self.register_outputs(
            {
                "kubeconfig": self.kubeconfig,
                "stores": self.stores,
                "gateway_addresses": self.gateway_addresses,
                "front_address": self.front_address,
                "pseudonym_key_ref": self.pseudonym_key_ref,
                "job_credentials": self.job_credentials,
            }
        )

    def gateway_machines(
        self, *, peers: Mapping[str, pulumi.Input[str]], user_data: Mapping[str, pulumi.Input[str]]
    ) -> GatewayMachines:
        """Declare the machines behind the gateways' addresses; `peers` are the far ends of their tunnels."""
        args = self._args
        return GatewayMachines(
            f"{self._name}-machines",
            GatewayMachinesArgs(
                gateways=args.openstack.gateways,
                volume_type=self.volume_type,
                port_ids=self._gateways.port_ids,
                security_group_id=self._gateways.security_group_id,
                peers=peers,
                user_data=user_data,
                tags=args.tags,
            ),
            self._inside,
        )

    def _declare_gateways(self) -> GatewayAddresses:
        network = self._args.openstack.network
        return GatewayAddresses(
            f"{self._name}-gateways",
            GatewayAddressesArgs(
                gateways=self._args.openstack.gateways,
                network_id=self._network.network_ids["gateways"],
                subnet_id=self._network.subnet_ids["gateways"],
                router_id=self._network.router_id,
                external_network=network.external.name,
                cluster_range=network.cluster,
                remote_range=self._args.remote_range,
                tags=self._args.tags,
            ),
            self._inside,
        )

    def _declare_volume_type(self) -> VolumeType:
        """Declare the type of all volumes; only an administrator of Cinder may make one."""
        chosen = self._args.openstack
        provider = self._acting_as("operator", chosen.operator.cloud)
        return VolumeType(
            f"{self._name}-volumes",
            VolumeTypeArgs(
                volume_type=chosen.storage.volume_type,
                project_id=chosen.project_id,
                operator=chosen.operator.cloud,
                region=chosen.region,
                protect=self._args.protect,
            ),
            pulumi.ResourceOptions(parent=self, provider=provider),
        )

    def _acting_as(self, who: str, cloud: str) -> openstack.Provider:
        """Declare the provider that acts as another entry of clouds.yaml."""
        return openstack.Provider(
            f"{self._name}-{who}", cloud=cloud, region=self._args.openstack.region, opts=self._inside
        )

    def _cluster(self) -> Cluster:
        chosen = self._args.openstack
        return Cluster(
            f"{self._name}-cluster",
            ClusterArgs(
                cluster=chosen.cluster,
                cluster_name=self._args.prefix,
                network_id=self._network.network_ids["cluster"],
                subnet_id=self._network.subnet_ids["cluster"],
                external_network_id=chosen.network.external.id,
                resolvers=chosen.network.resolvers,
                volume_type=self.volume_type,
                protect=self._args.protect,
            ),
            self._inside,
        )

    def _load_balancer(self) -> LoadBalancer:
        chosen = self._args.openstack
        return LoadBalancer(
            f"{self._name}-edge",
            LoadBalancerArgs(
                load_balancer=chosen.load_balancer,
                subnet_id=self._network.subnet_ids["load-balancer"],
                external_network=chosen.network.external.name,
                tags=self._args.tags,
            ),
            self._inside,
        )

    def _declare_storage(self) -> Storage:
        chosen = self._args.openstack
        return Storage(
            f"{self._name}-store",
            StorageArgs(
                storage=chosen.storage,
                volume_type=self.volume_type,
                data_sets=self._args.residency.held_in("openstack"),
                container_prefix=self._args.prefix,
                project_id=chosen.project_id,
                readers={"release": (chosen.reader, chosen.sync_reader), "hot": (chosen.sync_reader,)},
                tags=self._args.tags,
                protect=self._args.protect,
            ),
            self._inside,
        )

    def _credentials(self) -> Credentials:
        """Declare the pseudonymizer's: it reads what is raw and the key, and writes what is hot."""
        residency, project = self._args.residency, self._args.openstack.project_id
        rules = [*fetch_secret(self._secrets.pseudonym_key_ref)]
        for data_set in residency.labelled("raw"):
            rules += read_container(project, self._storage.containers[data_set])
        for data_set in residency.labelled("hot"):
            rules += write_container(project, self._storage.containers[data_set])
        chosen = self._args.openstack.credentials
        return Credentials(
            f"{self._name}-credentials",
            CredentialsArgs(credentials=chosen, rules={"pseudonymizer": rules}),
            self._inside,
        )

    def _reader(self, who: str, reader: ReaderSettings) -> StoreReader:
        """Declare the key that pods read containers with; only its own user may make it."""
        return StoreReader(
            f"{self._name}-{who}",
            StoreReaderArgs(expires=self._args.openstack.credentials.expires),
            pulumi.ResourceOptions(parent=self, provider=self._acting_as(who, reader.cloud)),
        )
