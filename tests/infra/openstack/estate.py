"""The OpenStack side as infra/program.py wires it, with the other side's outputs made up."""

import warnings
from ipaddress import IPv4Network
from pathlib import Path

import pulumi
import yaml

# The package warns of its own old names when it is loaded, once (pulumi_openstack 5.5.3).
with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import pulumi_openstack  # noqa: F401

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
    ReleaseReader,
    ReleaseReaderArgs,
    fetch_secret,
    read_container,
    write_container,
)
from infra.openstack.load_balancer import LoadBalancer, LoadBalancerArgs
from infra.openstack.network import Network, NetworkArgs
from infra.openstack.secret import SecretStore, SecretStoreArgs
from infra.openstack.storage import Storage, StorageArgs
from infra.settings.openstack import OpenStackSettings
from tests.recording import Declared, record

PROJECT = Path(__file__).parents[3]
DATA_SETS = {"interactions": "raw", "histories": "hot", "releases": "release"}
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
    "openstack:index/lbLoadbalancerV2:LbLoadbalancerV2": {
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


def program(settings: OpenStackSettings, *, protect: bool) -> dict:
    """Declare everything on OpenStack; return some outputs, and which of them are secret."""
    network = Network("openstack", NetworkArgs(network=settings.network, tags=TAGS))
    cluster = Cluster(
        "openstack-cluster",
        ClusterArgs(
            cluster=settings.cluster,
            cluster_name="rialto-test",
            network_id=network.network_ids["cluster"],
            subnet_id=network.subnet_ids["cluster"],
            external_network_id=settings.network.external.id,
            resolvers=settings.network.resolvers,
            volume_type=settings.storage.volume_type,
            protect=protect,
        ),
    )
    balancer = LoadBalancer(
        "openstack-edge",
        LoadBalancerArgs(
            load_balancer=settings.load_balancer,
            subnet_id=network.subnet_ids["load-balancer"],
            external_network=settings.network.external.name,
            tags=TAGS,
        ),
    )
    storage = Storage(
        "openstack-store",
        StorageArgs(
            storage=settings.storage,
            data_sets=DATA_SETS,
            container_prefix="rialto-test",
            project_id=settings.project_id,
            reader=settings.reader,
            tags=TAGS,
            protect=protect,
        ),
    )
    return {
        "stores": storage.stores,
        "address": balancer.address,
        "annotations": balancer.annotations,
        "endpoint": cluster.endpoint,
        "kubeconfig-is-secret": pulumi.Output.from_input(cluster.kubeconfig.is_secret()),
        **_gateways(settings, network),
        **_secrets(settings, storage, protect=protect),
    }


def _gateways(settings: OpenStackSettings, network: Network) -> dict:
    addresses = GatewayAddresses(
        "openstack-gateways",
        GatewayAddressesArgs(
            gateways=settings.gateways,
            network_id=network.network_ids["gateways"],
            subnet_id=network.subnet_ids["gateways"],
            router_id=network.router_id,
            external_network=settings.network.external.name,
            cluster_range=settings.network.cluster,
            remote_range=AWS_RANGE,
            tags=TAGS,
        ),
    )
    GatewayMachines(
        "openstack-machines",
        GatewayMachinesArgs(
            gateways=settings.gateways,
            volume_type=settings.storage.volume_type,
            port_ids=addresses.port_ids,
            security_group_id=addresses.security_group_id,
            peers=PEERS,
            user_data={
                name: pulumi.Output.secret(f"#cloud-config\n# {name} {TUNNEL_KEY}")
                for name in settings.gateways.addresses
            },
            tags=TAGS,
        ),
    )
    return {"gateways": addresses.floating_addresses}


def _secrets(settings: OpenStackSettings, storage: Storage, *, protect: bool) -> dict:
    store = SecretStore(
        "openstack-secrets",
        SecretStoreArgs(pseudonym_key=pulumi.Output.secret(PSEUDONYM_KEY), protect=protect),
    )
    rules = [
        *fetch_secret(store.pseudonym_key_ref),
        *read_container(settings.project_id, storage.containers["interactions"]),
        *write_container(settings.project_id, storage.containers["histories"]),
    ]
    credentials = Credentials(
        "openstack-credentials",
        CredentialsArgs(credentials=settings.credentials, rules={"pseudonymizer": rules}),
    )
    reader = ReleaseReader("openstack-reader", ReleaseReaderArgs(expires=settings.credentials.expires))
    return {
        f"{key}-is-secret": pulumi.Output.from_input(output.is_secret())
        for key, output in {
            "credential": credentials.secrets["pseudonymizer"],
            "access-key": reader.access_key,
            "secret-key": reader.secret_key,
        }.items()
    }


def declare(values: dict, *, protect: bool = True) -> Declared:
    """Record what the settings in `values` declare on OpenStack."""
    settings = OpenStackSettings.model_validate(values)
    return record(lambda: program(settings, protect=protect), stack="test", computed=COMPUTED)
