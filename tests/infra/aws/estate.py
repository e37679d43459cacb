"""The AWS side as infra/hybrid.py declares it, with the other side's outputs made up."""

import warnings
from ipaddress import IPv4Network
from pathlib import Path

import pulumi
import pulumi_aws
import yaml

from infra.aws.autoscaler import Autoscaler, AutoscalerArgs
from infra.aws.cloud import AwsCloud, AwsCloudArgs
from infra.bridge.description import TUNNELS, describe
from infra.settings.aws import AwsSettings
from infra.settings.bridge import BridgeSettings
from infra.settings.group import Group
from infra.settings.openstack import OpenStackSettings
from infra.settings.residency import ResidencySettings
from tests.recording import record

# These modules warn of their own old names when they are loaded, once (pulumi_aws 7.51.1).
with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    assert pulumi_aws.s3.Bucket
    assert pulumi_aws.ec2.Vpc

PROJECT = Path(__file__).parents[3]
DIGEST = "sha256:" + "ab" * 32
TAGS = {"project": "rialto", "environment": "test"}
PRIVATE_RANGE = IPv4Network("10.10.0.0/16")
# Documentation addresses (RFC 5737), as the gateways' floating ones.
GATEWAY_ADDRESSES = "198.51.100."
PRESHARED_KEY = "made_up.preshared_key"
SYNC_KEY = "made-up-key-of-the-sync"


class Chosen(Group):
    """The groups that the AWS side is declared from, validated."""

    aws: AwsSettings
    bridge: BridgeSettings
    openstack: OpenStackSettings
    residency: ResidencySettings


def chosen(stack: str) -> dict:
    """These groups of a committed stack file as plain values, to be spoiled."""
    file = yaml.safe_load((PROJECT / "stacks" / f"Pulumi.{stack}.yaml").read_text())
    return {name: file["config"]["rialto:settings"][name] for name in Chosen.model_fields}


def program(settings: Chosen, *, protect: bool, gateways: list[str]) -> dict:
    """Declare everything on AWS, and the autoscaler in its cluster; return some outputs."""
    aws = settings.aws
    cloud = AwsCloud(
        "aws",
        AwsCloudArgs(
            aws=aws,
            bridge=describe(settings),
            residency=settings.residency,
            stack="test",
            prefix="rialto-test",
            tags=TAGS,
            private_range=PRIVATE_RANGE,
            tunnel_keys={
                name: {key: pulumi.Output.secret(f"{PRESHARED_KEY}_{name}_{key}") for key in TUNNELS}
                for name in gateways
            },
            gateways={name: f"{GATEWAY_ADDRESSES}{i}" for i, name in enumerate(gateways, 10)},
            digest=DIGEST,
            credentials_expire=settings.openstack.credentials.expires,
            protect=protect,
        ),
    )
    image = cloud.storage.image(aws.autoscaler_image.reference)
    Autoscaler(
        "aws-autoscaler", AutoscalerArgs(cluster_name=cloud.pods_ready, region=aws.region, image=image)
    )
    return {
        "kubeconfig": cloud.kubeconfig,
        "tunnel-addresses": cloud.tunnel_addresses,
        "stores": cloud.storage.stores,
        "s3-ranges": cloud.s3_ranges,
        "sync-endpoint": cloud.sync_target.endpoint,
        "sync-key-is-secret": pulumi.Output.from_input(cloud.sync_target.secret_key.is_secret()),
    }


def _arn(service):
    return lambda name: {"arn": f"arn:aws:{service}:::{name}"}


COMPUTED = {
    "aws:ec2/vpcEndpoint:VpcEndpoint": lambda name: {
        "cidrBlocks": ["203.0.113.0/24"],
        "dnsEntries": [{"dnsName": f"*.{name}.s3.eu-central-1.vpce.amazonaws.com"}],
    },
    "aws:iam/user:User": lambda name: {"name": name},
    "aws:iam/accessKey:AccessKey": {"secret": SYNC_KEY},
    "aws:kms/key:Key": lambda name: {"arn": f"arn:aws:kms:::key/{name}", "keyId": name},
    "aws:iam/role:Role": lambda name: {"arn": f"arn:aws:iam::111122223333:role/{name}", "name": name},
    "aws:s3/bucket:Bucket": lambda name: {"arn": f"arn:aws:s3:::{name}", "bucket": name},
    "aws:cloudwatch/logGroup:LogGroup": _arn("logs"),
    "aws:sns/topic:Topic": _arn("sns"),
    "aws:ec2/launchTemplate:LaunchTemplate": lambda name: {"latestVersion": 1},
    "aws:ecr/repository:Repository": lambda name: {
        "repositoryUrl": f"registry.example/rialto/{name.removeprefix('aws-store-')}"
    },
    "aws:eks/cluster:Cluster": lambda name: {
        "arn": f"arn:aws:eks:eu-central-1:111122223333:cluster/{name}",
        "endpoint": "https://eks.example",
        "certificateAuthority": {"data": "Q0E="},
        "vpcConfig": {"subnetIds": [], "clusterSecurityGroupId": "cluster-group"},
    },
    "aws:eks/nodeGroup:NodeGroup": lambda name: {"nodeGroupName": name},
    "aws:ec2/vpnConnection:VpnConnection": lambda name: {
        # Documentation addresses (RFC 5737): security groups admit AWS's ends by address.
        "tunnel1Address": f"198.51.100.{1 if name.endswith('a') else 3}",
        "tunnel2Address": f"198.51.100.{2 if name.endswith('a') else 4}",
        "customerGatewayConfiguration": "<configuration/>",
        "transitGatewayAttachmentId": f"{name}-attachment",
    },
}


def declare(values: dict, *, protect: bool = True, gateways: list[str] | None = None):
    """What these settings declare; `gateways` are the private cloud's, by default those that have tunnels."""
    settings = Chosen.model_validate(values)
    names = gateways or list(settings.bridge.gateways)
    return record(lambda: program(settings, protect=protect, gateways=names), stack="test", computed=COMPUTED)
