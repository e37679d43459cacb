"""The AWS side as infra/program.py wires it, with the other side's outputs made up."""

import warnings
from ipaddress import IPv4Network
from pathlib import Path

import pulumi_aws
import yaml

from infra.aws.add_on import NodeAddOns, NodeAddOnsArgs, PodAddOns, PodAddOnsArgs
from infra.aws.autoscaler import Autoscaler, AutoscalerArgs, AutoscalerIdentity, AutoscalerIdentityArgs
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
from infra.aws.storage import CODE_PREFIX, Storage, StorageArgs
from infra.aws.system_nodes import SystemNodes, SystemNodesArgs
from infra.aws.vpn import Vpn, VpnArgs
from infra.settings.aws import AwsSettings
from infra.settings.bridge import BridgeSettings
from infra.settings.group import Group
from tests.recording import record

# These modules warn of their own old names when they are loaded, once (pulumi_aws 7.51.1).
with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    assert pulumi_aws.s3.Bucket
    assert pulumi_aws.ec2.Vpc

PROJECT = Path(__file__).parents[3]
DIGEST = "sha256:" + "ab" * 32
DATA_SETS = {"histories": "hot", "releases": "release"}
TAGS = {"project": "rialto", "environment": "test"}
PRIVATE_RANGE = IPv4Network("10.10.0.0/16")
PRESHARED_KEY = "made_up.preshared_key"


def chosen(stack: str) -> dict:
    """The `aws` and `bridge` groups of a committed stack file as plain values, to be spoiled."""
    file = yaml.safe_load((PROJECT / "stacks" / f"Pulumi.{stack}.yaml").read_text())
    settings = file["config"]["rialto:settings"]
    return {"aws": settings["aws"], "bridge": settings["bridge"]}


class Chosen(Group):
    """Both groups, validated."""

    aws: AwsSettings
    bridge: BridgeSettings


def program(settings: Chosen, *, protect: bool) -> dict:
    """Declare everything on AWS; return some outputs."""
    aws, account, region = settings.aws, settings.aws.account, settings.aws.region
    cluster_name, log_path = "rialto-test", "/rialto/test"
    keys = Keys("keys", KeysArgs(account=account, region=region, protect=protect))
    logs = LogArgs(days=aws.log_days, key_arn=keys.logs)
    storage = Storage(
        "store",
        StorageArgs(
            store=aws.store,
            data_sets=DATA_SETS,
            images=aws.images,
            repository_prefix="rialto-test",
            account=account,
            log_days=aws.log_days,
            objects_key_arn=keys.objects,
            images_key_arn=keys.images,
            protect=protect,
        ),
    )
    network = Network(
        "aws",
        NetworkArgs(
            network=aws.network,
            account=account,
            region=region,
            log_path=log_path,
            logs=logs,
            bucket_arns=[storage.bucket_arn],
        ),
    )
    vpn = Vpn(
        "bridge",
        VpnArgs(
            bridge=settings.bridge,
            gateways={name: f"198.51.100.{i}" for i, name in enumerate(settings.bridge.gateways, 10)},
            private_range=PRIVATE_RANGE,
            vpc_id=network.vpc_id,
            subnet_ids=list(network.subnet_ids.values()),
            route_table_id=network.route_table_id,
            log_path=log_path,
            logs=logs,
        ),
    )
    cluster = Cluster(
        "eks",
        ClusterArgs(
            cluster=aws.cluster,
            cluster_name=cluster_name,
            account=account,
            region=region,
            subnet_ids=list(network.subnet_ids.values()),
            key_arn=keys.cluster,
            logs=logs,
            operators=PRIVATE_RANGE,
            protect=protect,
        ),
    )
    node_add_ons = NodeAddOns(
        "node-add-ons",
        NodeAddOnsArgs(
            account=account,
            cluster_name=cluster.cluster_name,
            cluster_arn=cluster.arn,
            vpc_cni=aws.cluster.add_ons.vpc_cni,
            kube_proxy=aws.cluster.add_ons.kube_proxy,
            eks_pod_identity_agent=aws.cluster.add_ons.eks_pod_identity_agent,
        ),
    )
    system = SystemNodes(
        "system",
        SystemNodesArgs(
            nodes=aws.system_nodes,
            cluster_name=node_add_ons.cluster_name,
            version=cluster.version,
            subnet_ids=network.subnet_ids,
            key_arn=keys.volumes,
            tags=TAGS,
        ),
    )
    GpuNodes(
        "gpu",
        GpuNodesArgs(
            pools=aws.gpu_pools,
            cluster_name=node_add_ons.cluster_name,
            version=cluster.version,
            subnet_ids=network.subnet_ids,
            disk_gib=aws.gpu_disk_gib,
            key_arn=keys.volumes,
            tags=TAGS,
        ),
    )
    pod_add_ons = PodAddOns(
        "pod-add-ons",
        PodAddOnsArgs(
            cluster_name=system.cluster_name,
            coredns=aws.cluster.add_ons.coredns,
            eks_node_monitoring_agent=aws.cluster.add_ons.eks_node_monitoring_agent,
        ),
    )
    identities(aws, cluster, storage, keys)
    Autoscaler(
        "autoscaler",
        AutoscalerArgs(
            cluster_name=pod_add_ons.cluster_name,
            region=region,
            image=storage.image(aws.autoscaler_image.reference),
        ),
    )
    return {
        "kubeconfig": cluster.kubeconfig,
        "tunnel-addresses": vpn.tunnel_addresses,
        "preshared-keys": [each.preshared_key for one in vpn.tunnels.values() for each in one.values()],
        "stores": storage.stores,
        "s3-ranges": network.s3_ranges,
        "image": storage.image(aws.autoscaler_image.reference),
    }


def identities(aws: AwsSettings, cluster: Cluster, storage: Storage, keys: Keys) -> None:
    whose = {"account": aws.account, "cluster_name": cluster.cluster_name, "cluster_arn": cluster.arn}
    store = StoreRef(bucket_arn=storage.bucket_arn, key_arn=keys.objects, region=aws.region)
    ReleaseReader("triton", ReleaseReaderArgs(**whose, store=store, data_set="releases", digest=DIGEST))
    TrainingWriter(
        "training",
        TrainingWriterArgs(**whose, store=store, reads=["histories", CODE_PREFIX], writes="releases"),
    )
    AutoscalerIdentity("autoscaler", AutoscalerIdentityArgs(**whose, region=aws.region))


def _arn(service):
    return lambda name: {"arn": f"arn:aws:{service}:::{name}"}


COMPUTED = {
    "aws:ec2/vpcEndpoint:VpcEndpoint": lambda name: {"cidrBlocks": ["203.0.113.0/24"]},
    "aws:kms/key:Key": lambda name: {"arn": f"arn:aws:kms:::key/{name}", "keyId": name},
    "aws:iam/role:Role": lambda name: {"arn": f"arn:aws:iam::111122223333:role/{name}", "name": name},
    "aws:s3/bucket:Bucket": lambda name: {"arn": f"arn:aws:s3:::{name}", "bucket": name},
    "aws:cloudwatch/logGroup:LogGroup": _arn("logs"),
    "aws:ec2/launchTemplate:LaunchTemplate": lambda name: {"latestVersion": 1},
    "aws:ecr/repository:Repository": lambda name: {"repositoryUrl": f"registry.example/rialto-test/{name}"},
    "aws:eks/cluster:Cluster": lambda name: {
        "arn": f"arn:aws:eks:eu-central-1:111122223333:cluster/{name}",
        "endpoint": "https://eks.example",
        "certificateAuthority": {"data": "Q0E="},
        "vpcConfig": {"subnetIds": [], "clusterSecurityGroupId": "cluster-group"},
    },
    "aws:eks/nodeGroup:NodeGroup": lambda name: {"nodeGroupName": name},
    "aws:ec2/vpnConnection:VpnConnection": lambda name: {
        "tunnel1Address": f"{name}-first.example",
        "tunnel2Address": f"{name}-second.example",
        "tunnel1PresharedKey": PRESHARED_KEY,
        "tunnel2PresharedKey": PRESHARED_KEY,
        "customerGatewayConfiguration": "<configuration/>",
        "transitGatewayAttachmentId": f"{name}-attachment",
    },
}


def declare(values: dict, *, protect: bool = True):
    """What these settings declare."""
    settings = Chosen.model_validate(values)
    return record(lambda: program(settings, protect=protect), stack="test", computed=COMPUTED)
