"""The private Kubernetes cluster: what Magnum is asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address

import pulumi
from pulumi_openstack import containerinfra

from infra.settings.openstack_cluster import ClusterSettings, PoolSettings

__all__ = ["Cluster", "ClusterArgs", "cluster_labels"]

# The driver turns a node group's role into the node label node-role.kubernetes.io/<role>.
WORKER_ROLE = "worker"
GPU_ROLE = "gpu"


@dataclass(frozen=True, kw_only=True)
class ClusterArgs:
    """The cluster's choices, and where it stands."""

    cluster: ClusterSettings
    cluster_name: str
    network_id: pulumi.Input[str]
    subnet_id: pulumi.Input[str]
    external_network_id: str
    resolvers: Sequence[IPv4Address]
    volume_type: pulumi.Input[str]
    protect: bool


class Cluster(pulumi.ComponentResource):
    """A cluster whose API and nodes have private addresses only, with a node group for each pool."""

    cluster_id: pulumi.Output[str]
    endpoint: pulumi.Output[str]
    kubeconfig: pulumi.Output[str]
    node_group_ids: Mapping[str, pulumi.Output[str]]

    def __init__(self, name: str, args: ClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("rialto:openstack:Cluster", name, None, opts)
        cluster = self._cluster(name, args)
        self.cluster_id = cluster.id
        self.endpoint = cluster.api_address
        self.kubeconfig = pulumi.Output.secret(
            cluster.kubeconfig.apply(lambda credentials: credentials["raw_config"])
        )
        self.node_group_ids = self._node_groups(name, args.cluster)
        self.register_outputs(
            {
                "cluster_id": self.cluster_id,
                "endpoint": self.endpoint,
                "kubeconfig": self.kubeconfig,
                "node_group_ids": self.node_group_ids,
            }
        )

    def _cluster(self, name: str, args: ClusterArgs) -> containerinfra.Cluster:
        return containerinfra.Cluster(
            name,
            name=args.cluster_name,
            cluster_template_id=_template(name, args, self).id,
            master_count=args.cluster.control_plane.nodes,
            master_flavor=args.cluster.control_plane.flavor,
            node_count=args.cluster.system_nodes.nodes,
            flavor=args.cluster.system_nodes.flavor,
            master_lb_enabled=True,
            floating_ip_enabled=False,
            fixed_network=args.network_id,
            fixed_subnet=args.subnet_id,
            opts=pulumi.ResourceOptions(
                parent=self,
                protect=args.protect,
                # The provider would make a new cluster for it; Magnum upgrades the old one (README).
                ignore_changes=["clusterTemplateId"],
                additional_secret_outputs=["kubeconfig"],
            ),
        )

    def _node_groups(self, name: str, cluster: ClusterSettings) -> dict[str, pulumi.Output[str]]:
        """Declare a node group for each pool, one after the other: Magnum loses some of those made at once.

        https://bugs.launchpad.net/magnum/+bug/2097946
        """
        roles = {**dict.fromkeys(cluster.pools, WORKER_ROLE), **dict.fromkeys(cluster.gpu_pools, GPU_ROLE)}
        node_group_ids: dict[str, pulumi.Output[str]] = {}
        before: list[pulumi.Resource] = []
        for key, pool in {**cluster.pools, **cluster.gpu_pools}.items():
            opts = pulumi.ResourceOptions(
                parent=self,
                depends_on=before,
                # The autoscaler owns it after creation; a diff here would fight it.
                ignore_changes=["nodeCount"],
            )
            group = _node_group(f"{name}-{key}", key, roles[key], pool, self.cluster_id, opts)
            node_group_ids[key] = group.id
            before = [group]
        return node_group_ids


def cluster_labels(cluster: ClusterSettings, volume_type: pulumi.Input[str]) -> dict[str, pulumi.Input[str]]:
    """What Magnum's Cluster API driver reads beside the template.

    https://github.com/vexxhost/magnum-cluster-api/blob/main/docs/user/labels.md
    """
    system = str(cluster.system_nodes.nodes)
    return {
        "kube_tag": cluster.version,
        "audit_log_enabled": "true",
        "auto_healing_enabled": "true",
        "auto_scaling_enabled": "true",
        # Of the system nodes, which stay as many as the setting says; pools have limits of their own.
        "min_node_count": system,
        "max_node_count": system,
        "boot_volume_size": str(cluster.disk_gib),
        "boot_volume_type": volume_type,
        "etcd_volume_size": str(cluster.control_plane.etcd_gib),
        "etcd_volume_type": volume_type,
        "calico_ipv4pool": str(cluster.pod_range),
        "service_cluster_ip_range": str(cluster.service_range),
        "master_lb_floating_ip_enabled": "false",
        # The one that keeps callers out by range (allowed_cidrs); OVN's does not.
        "octavia_provider": "amphora",
    }


def _template(name: str, args: ClusterArgs, parent: pulumi.Resource) -> containerinfra.ClusterTemplate:
    return containerinfra.ClusterTemplate(
        name,
        name=f"{args.cluster_name}-{args.cluster.version}",
        coe="kubernetes",
        server_type="vm",
        image=args.cluster.image,
        external_network_id=args.external_network_id,
        fixed_network=args.network_id,
        fixed_subnet=args.subnet_id,
        # Several, for the Cluster API drivers; only Heat's took one.
        dns_nameserver=",".join(str(each) for each in args.resolvers),
        network_driver="calico",
        volume_driver="cinder",
        master_lb_enabled=True,
        floating_ip_enabled=False,
        tls_disabled=False,
        registry_enabled=False,
        public=False,
        labels=cluster_labels(args.cluster, args.volume_type),
        opts=pulumi.ResourceOptions(
            parent=parent,
            # Magnum changes and deletes no template that a cluster uses: each change is a new one, the old one stays.
            replace_on_changes=["*"],
            retain_on_delete=True,
        ),
    )


def _node_group(
    name: str,
    key: str,
    role: str,
    pool: PoolSettings,
    cluster_id: pulumi.Input[str],
    opts: pulumi.ResourceOptions,
) -> containerinfra.NodeGroup:
    return containerinfra.NodeGroup(
        name,
        name=key,
        cluster_id=cluster_id,
        role=role,
        flavor_id=pool.flavor,
        node_count=pool.min_nodes,
        min_node_count=pool.min_nodes,
        max_node_count=pool.max_nodes,
        labels={"boot_volume_size": str(pool.disk_gib)},
        # The volume's type, encrypted, comes from the cluster's labels.
        merge_labels=True,
        opts=opts,
    )
