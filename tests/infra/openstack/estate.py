"""The OpenStack side as infra/hybrid.py declares it, with the other side's outputs made up."""

import warnings
from ipaddress import IPv4Network
from pathlib import Path

import pulumi
import yaml

# The package warns of its own old names when it is loaded, once (pulumi_openstack 5.5.3).
with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import pulumi_openstack  # noqa: F401

from infra.openstack.cloud import PrivateCloud, PrivateCloudArgs
from infra.settings.openstack import OpenStackSettings
from infra.settings.residency import ResidencySettings
from tests.recording import Declared, record

PROJECT = Path(__file__).parents[3]
DATA_SETS = {"interactions": "raw", "histories": "hot", "releases": "release"}
VOLUME_TYPE = "openstack:blockstorage/volumeTypeV3:VolumeTypeV3"
TAGS = {"project": "rialto", "environment": "test"}
AWS_RANGE = IPv4Network("10.20.0.0/16")
# Documentation addresses (RFC 5737), as AWS's tunnel endpoints.
PEERS = {
    "gateway-a-first": "198.51.100.10",
    "gateway-a-second": "198.51.100.11",
    "gateway-b-first": "198.51.100.12",
    "gateway-b-second": "198.51.100.13",
}
PSEUDONYM_KEY = "made-up-pseudonym-key"
TUNNEL_KEY = "made-up-tunnel-key"
SECRET_REF = "https://barbican.example.com/key-manager/v1/secrets/11111111-2222-3333-4444-555555555555"
COMPUTED = {
    "openstack:networking/floatingIp:FloatingIp": lambda name: {
        "address": f"203.0.113.{10 if name.endswith('a') else 11}"
    },
    "openstack:loadbalancer/loadBalancer:LoadBalancer": {
        "vipPortId": "66666666-7777-8888-9999-000000000000",
        "vipAddress": "10.10.129.5",
    },
    "openstack:containerinfra/cluster:Cluster": {
        "apiAddress": "https://10.10.0.5:6443",
        "kubeconfig": {"raw_config": "made-up-kubeconfig", "host": "https://10.10.0.5:6443"},
    },
    "openstack:keymanager/secretV1:SecretV1": {"secretRef": SECRET_REF},
    "openstack:identity/applicationCredential:ApplicationCredential": {"secret": "made-up-secret"},
    "openstack:identity/ec2CredentialV3:Ec2CredentialV3": {
        "access": "made-up-access",
        "secret": "made-up-secret",
    },
}


def chosen(stack: str) -> dict:
    """The `openstack` group of a committed stack file as plain values, to be spoiled."""
    file = yaml.safe_load((PROJECT / "stacks" / f"Pulumi.{stack}.yaml").read_text())
    return file["config"]["rialto:settings"]["openstack"]


def residency() -> ResidencySettings:
    """Where data lies, the same in both stack files."""
    held = {name: ["openstack"] if name == "interactions" else ["openstack", "aws"] for name in DATA_SETS}
    sets = {name: {"label": label, "held": held[name]} for name, label in DATA_SETS.items()}
    return ResidencySettings.model_validate({"data-sets": sets})


def program(settings: OpenStackSettings, *, protect: bool) -> dict:
    """Declare everything on OpenStack; return some outputs, and which of them are secret."""
    cloud = PrivateCloud(
        "openstack",
        PrivateCloudArgs(
            openstack=settings,
            residency=residency(),
            prefix="rialto-test",
            tags=TAGS,
            remote_range=AWS_RANGE,
            pseudonym_key=pulumi.Output.secret(PSEUDONYM_KEY),
            protect=protect,
        ),
    )
    cloud.gateway_machines(
        peers=PEERS,
        user_data={
            name: pulumi.Output.secret(f"#cloud-config\n# {name} {TUNNEL_KEY}")
            for name in settings.gateways.addresses
        },
    )
    reader = cloud.release_reader
    secrets = {
        "kubeconfig": cloud.kubeconfig,
        "credential": cloud.job_credentials["pseudonymizer"]["secret"],
        "access-key": reader.access_key,
        "secret-key": reader.secret_key,
    }
    return {
        "stores": cloud.stores,
        "address": cloud.front_address,
        "annotations": cloud.load_balancer.annotations,
        "gateways": cloud.gateway_addresses,
        **{
            f"{key}-is-secret": pulumi.Output.from_input(output.is_secret())
            for key, output in secrets.items()
        },
    }


def declare(values: dict, *, protect: bool = True) -> Declared:
    """Record what the settings in `values` declare on OpenStack."""
    settings = OpenStackSettings.model_validate(values)
    return record(lambda: program(settings, protect=protect), stack="test", computed=COMPUTED)
