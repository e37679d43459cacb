"""AWS as one component: network, cluster with its nodes, storage, identities, and its end of the bridge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from ipaddress import IPv4Network
from typing import Any

import pulumi

from infra.aws.add_on import NodeAddOns, NodeAddOnsArgs, PodAddOns, PodAddOnsArgs
from infra.aws.alert_topic import AlertTopics, AlertTopicsArgs
from infra.aws.autoscaler import AutoscalerIdentity, AutoscalerIdentityArgs
from infra.aws.cluster import Cluster, ClusterArgs
from infra.aws.gpu_nodes import GpuNodes, GpuNodesArgs
from infra.aws.identity import (
    ReleaseReader,
    ReleaseReaderArgs,
    StoreRef,
    TrainingWriter,
    TrainingWriterArgs,
)
from infra.aws.key import Keys, KeysArgs
from infra.aws.log_group import LogArgs
from infra.aws.network import Network, NetworkArgs
from infra.aws.pod_log import PodLog, PodLogArgs
from infra.aws.storage import Storage, StorageArgs
from infra.aws.sync import SyncTarget, SyncTargetArgs
from infra.aws.system_nodes import SystemNodes, SystemNodesArgs
from infra.aws.vpn import Vpn, VpnArgs
from infra.bridge.description import Bridge, TunnelName
from infra.naming import CODE_PREFIX
from infra.settings.aws import AwsSettings
from infra.settings.residency import ResidencySettings

__all__ = ["AwsCloud", "AwsCloudArgs"]


@dataclass(frozen=True, kw_only=True)
class AwsCloudArgs:
    """What was chosen for it, the private end of the bridge, and the release that pods may read."""

    aws: AwsSettings
    bridge: Bridge
    residency: ResidencySettings
    stack: str
    prefix: str
    tags: Mapping[str, str]
    private_range: IPv4Network
    gateways: Mapping[str, pulumi.Input[str]]
    tunnel_keys: Mapping[str, Mapping[TunnelName, pulumi.Output[str]]]
    digest: str
    credentials_expire: date
    protect: bool


class AwsCloud(pulumi.ComponentResource):
    """Everything on AWS but what runs in the cluster; `pods_ready` is its name once pods have what they need."""

    kubeconfig: pulumi.Output[str]
    pods_ready: pulumi.Output[str]
    bucket: pulumi.Output[str]
    s3_ranges: pulumi.Output[Any]
    tunnel_addresses: pulumi.Output[Any]
    node_group_names: Mapping[str, pulumi.Output[str]]

    def __init__(self, name: str, args: AwsCloudArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("rialto:aws:AwsCloud", name, None, opts)
        self._name, self._args = name, args
        self._inside = pulumi.ResourceOptions(parent=self)
        chosen = args.aws
        self._keys = Keys(
            f"{name}-keys",
            KeysArgs(account=chosen.account, region=chosen.region, protect=args.protect),
            self._inside,
        )
        self._logs = LogArgs(days=chosen.log_days, key_arn=self._keys.logs)
        self.storage = self._storage()
        self._network = self._declare_network()
        self.vpn = self._vpn()
        self._cluster = self._declare_cluster()
        gpu_nodes = self._nodes()
        self._store = StoreRef(
            bucket_arn=self.storage.bucket_arn, key_arn=self._keys.objects, region=chosen.region
        )
        self._identities()
        self.sync_target = self._sync_target()
        self.objects_key_arn = self._keys.objects
        self.alert_topics = self._alert_topics()
        self.pod_log = self._pod_log()
        self.kubeconfig = self._cluster.kubeconfig
        self.bucket = self.storage.bucket
        self.s3_ranges = self._network.s3_ranges
        self.tunnel_addresses = self.vpn.tunnel_addresses
        self.node_group_names = gpu_nodes.node_group_names
        self.register_outputs(
            {
                "kubeconfig": self.kubeconfig,
                "pods_ready": self.pods_ready,
                "bucket": self.bucket,
                "s3_ranges": self.s3_ranges,
                "tunnel_addresses": self.tunnel_addresses,
                "node_group_names": self.node_group_names,
            }
        )

    def _storage(self) -> Storage:
        chosen = self._args.aws
        return Storage(
            f"{self._name}-store",
            StorageArgs(
                store=chosen.store,
                data_sets=self._args.residency.held_in("aws"),
                images=chosen.images,
                repository_prefix=self._args.prefix,
                account=chosen.account,
                log_days=chosen.log_days,
                objects_key_arn=self._keys.objects,
                images_key_arn=self._keys.images,
                protect=self._args.protect,
            ),
            self._inside,
        )

    def _declare_network(self) -> Network:
        chosen = self._args.aws
        return Network(
            self._name,
            NetworkArgs(
                network=chosen.network,
                account=chosen.account,
                region=chosen.region,
                log_path=self._log_path,
                logs=self._logs,
                bucket_arns=[self.storage.bucket_arn],
            ),
            self._inside,
        )

    @property
    def _log_path(self) -> str:
        return f"/rialto/{self._args.stack}"

    def _vpn(self) -> Vpn:
        return Vpn(
            f"{self._name}-bridge",
            VpnArgs(
                bridge=self._args.bridge,
                gateways=self._args.gateways,
                keys=self._args.tunnel_keys,
                private_range=self._args.private_range,
                vpc_id=self._network.vpc_id,
                subnet_ids=list(self._network.subnet_ids.values()),
                route_table_id=self._network.route_table_id,
                log_path=self._log_path,
                logs=self._logs,
            ),
            self._inside,
        )

    def _declare_cluster(self) -> Cluster:
        chosen = self._args.aws
        return Cluster(
            f"{self._name}-cluster",
            ClusterArgs(
                cluster=chosen.cluster,
                cluster_name=self._args.prefix,
                account=chosen.account,
                region=chosen.region,
                subnet_ids=list(self._network.subnet_ids.values()),
                key_arn=self._keys.cluster,
                logs=self._logs,
                operators=self._args.private_range,
                protect=self._args.protect,
            ),
            self._inside,
        )

    def _nodes(self) -> GpuNodes:
        """Declare the nodes between the add-ons that they need and those that need them."""
        chosen, add_ons, cluster = self._args.aws, self._args.aws.cluster.add_ons, self._cluster
        before = NodeAddOns(
            f"{self._name}-node-add-ons",
            NodeAddOnsArgs(
                account=chosen.account,
                cluster_name=cluster.cluster_name,
                cluster_arn=cluster.arn,
                vpc_cni=add_ons.vpc_cni,
                kube_proxy=add_ons.kube_proxy,
                eks_pod_identity_agent=add_ons.eks_pod_identity_agent,
            ),
            self._inside,
        )
        shared: dict[str, Any] = {
            "cluster_name": before.cluster_name,
            "version": cluster.version,
            "subnet_ids": self._network.subnet_ids,
            "key_arn": self._keys.volumes,
            "tags": self._args.tags,
        }
        system = SystemNodes(
            f"{self._name}-system", SystemNodesArgs(nodes=chosen.system_nodes, **shared), self._inside
        )
        after = PodAddOns(
            f"{self._name}-pod-add-ons",
            PodAddOnsArgs(
                cluster_name=system.cluster_name,
                coredns=add_ons.coredns,
                eks_node_monitoring_agent=add_ons.eks_node_monitoring_agent,
            ),
            self._inside,
        )
        self.pods_ready = after.cluster_name
        return GpuNodes(
            f"{self._name}-gpu",
            GpuNodesArgs(pools=chosen.gpu_pools, disk_gib=chosen.gpu_disk_gib, **shared),
            self._inside,
        )

    def _identities(self) -> None:
        chosen, residency = self._args.aws, self._args.residency
        whose: dict[str, Any] = {
            "account": chosen.account,
            "cluster_name": self._cluster.cluster_name,
            "cluster_arn": self._cluster.arn,
        }
        ReleaseReader(
            f"{self._name}-triton",
            ReleaseReaderArgs(
                **whose, store=self._store, data_set=residency.releases, digest=self._args.digest
            ),
            self._inside,
        )
        hot = [name for name, label in residency.held_in("aws").items() if label == "hot"]
        TrainingWriter(
            f"{self._name}-training",
            TrainingWriterArgs(
                **whose, store=self._store, reads=[*hot, CODE_PREFIX], writes=residency.releases
            ),
            self._inside,
        )
        AutoscalerIdentity(
            f"{self._name}-autoscaler", AutoscalerIdentityArgs(**whose, region=chosen.region), self._inside
        )

    def _alert_topics(self) -> Mapping[str, pulumi.Output[str]]:
        """Declare how the cluster's alerts reach somebody."""
        return AlertTopics(
            f"{self._name}-alerts",
            AlertTopicsArgs(
                alerts=self._args.aws.alerts,
                prefix=self._args.prefix,
                account=self._args.aws.account,
                cluster_name=self._cluster.cluster_name,
                cluster_arn=self._cluster.arn,
            ),
            self._inside,
        ).topic_arns

    def _pod_log(self) -> str:
        """Declare where pods' logs go; return its path."""
        path = f"{self._log_path}/pods"
        PodLog(
            f"{self._name}-pods",
            PodLogArgs(
                path=path,
                logs=self._logs,
                account=self._args.aws.account,
                cluster_name=self._cluster.cluster_name,
                cluster_arn=self._cluster.arn,
            ),
            self._inside,
        )
        return path

    def _sync_target(self) -> SyncTarget:
        """Declare what the private cloud copies its data sets to."""
        return SyncTarget(
            f"{self._name}-sync",
            SyncTargetArgs(
                account=self._args.aws.account,
                store=self._store,
                data_sets=list(self._args.residency.copied),
                vpc_id=self._network.vpc_id,
                subnet_ids=list(self._network.subnet_ids.values()),
                private_range=self._args.private_range,
                expires=self._args.credentials_expire,
            ),
            self._inside,
        )
