"""The hybrid program: where both clouds, the bridge between them and what runs on them meet.

The order is that of need: the private cloud with its gateways' addresses, AWS with the tunnels to them, the gateway
machines that end the tunnels, and last what runs on the two clusters (private_workloads.py, aws_workloads.py).
"""

from __future__ import annotations

from collections.abc import Mapping

import pulumi
import pulumi_aws as aws
import pulumi_openstack as openstack
import pulumi_random as random

from infra import naming
from infra.aws.cloud import AwsCloud, AwsCloudArgs
from infra.aws_workloads import aws_workloads
from infra.bridge.cloud_init import user_data
from infra.bridge.description import Bridge, Peer, TunnelName, describe
from infra.bridge.key import TunnelKeys, TunnelKeysArgs
from infra.bridge.rendering import gateway_files
from infra.openstack.cloud import PrivateCloud, PrivateCloudArgs
from infra.openstack.gateway import GatewayMachines
from infra.private_workloads import private_workloads
from infra.settings import HybridSettings, Secrets

__all__ = ["deploy_hybrid"]

Keys = Mapping[str, Mapping[TunnelName, pulumi.Output[str]]]


def deploy_hybrid(settings: HybridSettings, secrets: Secrets) -> dict[str, pulumi.Input[object]]:
    """Declare both clouds and what runs on them; return the stack's outputs, kebab-case."""
    private = _private_cloud(settings, secrets)
    account = _account(settings)
    bridge = describe(settings)
    keys = _tunnel_keys(bridge)
    public = _aws_cloud(settings, bridge, keys, private, account)
    machines = _gateway_machines(bridge, keys, private, public)
    private_inference, edge = private_workloads(settings, secrets, bridge, private, public)
    aws_inference, training = aws_workloads(settings, public, account, machines)
    return {
        "release": settings.release.digest,
        "triton": {"openstack": private_inference.grpc_endpoint, "aws": aws_inference.grpc_endpoint},
        "edge": edge.endpoint,
        "front-address": private.front_address,
        "gateway-addresses": private.gateway_addresses,
        "tunnel-addresses": public.tunnel_addresses,
        "openstack-stores": private.stores,
        "openstack-kubeconfig": private.kubeconfig,
        "pseudonym-key-ref": private.pseudonym_key_ref,
        "job-credentials": private.job_credentials,
        "aws-stores": public.storage.stores,
        "aws-repositories": public.storage.repository_urls,
        "aws-kubeconfig": public.kubeconfig,
        "gpu-node-groups": public.node_group_names,
        "train-now": training.command,
    }


def _prefix() -> str:
    return f"rialto-{pulumi.get_stack()}"


def _tags(settings: HybridSettings) -> dict[str, str]:
    return naming.tags(owner=settings.owner, stack=pulumi.get_stack())


def _private_cloud(settings: HybridSettings, secrets: Secrets) -> PrivateCloud:
    chosen = settings.openstack
    provider = openstack.Provider("openstack", cloud=chosen.cloud, region=chosen.region)
    return PrivateCloud(
        "openstack",
        PrivateCloudArgs(
            openstack=chosen,
            residency=settings.residency,
            prefix=_prefix(),
            tags=_tags(settings),
            remote_range=settings.aws.network.range,
            pseudonym_key=secrets.pseudonym_key,
            protect=settings.protect,
        ),
        pulumi.ResourceOptions(providers=[provider]),
    )


def _account(settings: HybridSettings) -> aws.Provider:
    return aws.Provider(
        "aws",
        region=settings.aws.region,
        allowed_account_ids=[settings.aws.account],
        default_tags={"tags": _tags(settings)},
    )


def _aws_cloud(
    settings: HybridSettings, bridge: Bridge, keys: Keys, private: PrivateCloud, account: aws.Provider
) -> AwsCloud:
    return AwsCloud(
        "aws",
        AwsCloudArgs(
            aws=settings.aws,
            bridge=bridge,
            residency=settings.residency,
            stack=pulumi.get_stack(),
            prefix=_prefix(),
            tags=_tags(settings),
            private_range=settings.openstack.network.range,
            gateways=private.gateway_addresses,
            tunnel_keys=keys,
            digest=settings.release.digest,
            credentials_expire=settings.openstack.credentials.expires,
            protect=settings.protect,
        ),
        pulumi.ResourceOptions(providers=[account]),
    )


def _tunnel_keys(bridge: Bridge) -> Keys:
    made_by = pulumi.ResourceOptions(providers=[random.Provider("random")])
    return TunnelKeys("bridge-keys", TunnelKeysArgs(bridge=bridge), made_by).keys


def _gateway_machines(bridge: Bridge, keys: Keys, private: PrivateCloud, public: AwsCloud) -> GatewayMachines:
    """Declare the private end of the tunnels, of the same description as AWS's."""
    peers = {
        f"{gateway}-{name}": address
        for gateway, addresses in public.vpn.addresses.items()
        for name, address in addresses.items()
    }
    rendered = {
        name: _user_data(
            bridge, name, private.gateway_addresses[name], public.vpn.addresses[name], keys[name]
        )
        for name in bridge.gateways
    }
    return private.gateway_machines(peers=peers, user_data=rendered)


def _user_data(
    bridge: Bridge,
    name: str,
    public_address: pulumi.Output[str],
    addresses: Mapping[TunnelName, pulumi.Output[str]],
    keys: Mapping[TunnelName, pulumi.Output[str]],
) -> pulumi.Output[str]:
    """One gateway's cloud-config, known once its address and AWS's ends are; secret, for it holds the keys."""
    peers = {key: {"address": addresses[key], "preshared_key": keys[key]} for key in addresses}
    text = pulumi.Output.all(public_address, peers).apply(
        lambda known: user_data(
            gateway_files(bridge, name, {key: Peer(**peer) for key, peer in known[1].items()}, known[0])
        )
    )
    return pulumi.Output.secret(text)
