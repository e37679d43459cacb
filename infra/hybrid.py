"""The hybrid program: where both clouds, the bridge between them and what runs on them meet.

The order is that of need: the private cloud with its gateways' addresses, AWS with the tunnels to them, the gateway
machines that end the tunnels, and last what runs on the two clusters.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as kubernetes
import pulumi_openstack as openstack
import pulumi_random as random

from infra import naming
from infra.aws.autoscaler import Autoscaler, AutoscalerArgs
from infra.aws.cloud import AwsCloud, AwsCloudArgs
from infra.aws.sync import SyncTarget
from infra.bridge.cloud_init import user_data
from infra.bridge.description import Bridge, Peer, TunnelName, describe
from infra.bridge.key import TunnelKeys, TunnelKeysArgs
from infra.bridge.observation import Observation, ObservationArgs
from infra.bridge.rendering import gateway_files
from infra.bridge.sync import Sync, SyncArgs
from infra.inference.device_plugin import DevicePlugin, DevicePluginArgs
from infra.inference.edge import Edge, EdgeArgs
from infra.inference.gateway import Gateway, GatewayArgs
from infra.inference.inference import Inference, InferenceArgs
from infra.inference.store_access import StoreAccess, StoreKey
from infra.monitoring.monitoring import Monitoring, MonitoringArgs
from infra.openstack.cloud import PrivateCloud, PrivateCloudArgs
from infra.openstack.gateway import GatewayMachines
from infra.openstack.identity import StoreReader
from infra.scheduling import GPU_LABELS
from infra.settings import HybridSettings, Secrets
from infra.settings.inference import InferenceSettings, ReplicaSettings
from infra.training.training import Training, TrainingArgs

__all__ = ["deploy_hybrid"]

HTTPS = 443
ROLE_LABEL = "node-role.kubernetes.io"

Keys = Mapping[str, Mapping[TunnelName, pulumi.Output[str]]]


def deploy_hybrid(settings: HybridSettings, secrets: Secrets) -> dict[str, pulumi.Input[object]]:
    """Declare both clouds and what runs on them; return the stack's outputs, kebab-case."""
    private = _private_cloud(settings, secrets)
    account = _account(settings)
    bridge = describe(settings)
    keys = _tunnel_keys(bridge)
    public = _aws_cloud(settings, bridge, keys, private, account)
    machines = _gateway_machines(bridge, keys, private, public)
    private_inference, edge = _private_workloads(settings, secrets, bridge, private, public)
    aws_inference, training = _aws_workloads(settings, public, account, machines)
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


def _private_workloads(
    settings: HybridSettings, secrets: Secrets, bridge: Bridge, private: PrivateCloud, public: AwsCloud
) -> tuple[Inference, Edge]:
    chosen = settings.inference
    inside = _in_cluster("openstack-kubernetes", private.kubeconfig)
    monitoring = Monitoring(
        "openstack-monitoring",
        _monitoring(chosen, chosen.openstack, str, schedules=naming.NAMESPACE),
        inside,
    )
    Observation("bridge-observation", ObservationArgs(bridge=bridge, namespace=monitoring.namespace), inside)
    # Magnum gives a node no label but that of its pool's role (infra/openstack/README.md).
    role = "gpu" if chosen.openstack.device == "gpu" else "worker"
    if role == "gpu":
        DevicePlugin(
            "openstack-device-plugin",
            DevicePluginArgs(
                image=chosen.device_plugin_image.reference, node_selector={f"{ROLE_LABEL}/gpu": ""}
            ),
            inside,
        )
    nodes = {f"{ROLE_LABEL}/{role}": ""}
    inference = Inference(
        "openstack-inference",
        InferenceArgs(
            replicas=chosen.openstack,
            queue_time_ms=chosen.queue_time_ms,
            digest=settings.release.digest,
            triton_image=chosen.triton.image.reference,
            fetch_image=chosen.fetch_image.reference,
            store=private.stores[settings.residency.releases],
            access=_private_store(settings, private, private.release_reader),
            node_selector=nodes,
            monitoring=monitoring.namespace,
            issuer=chosen.edge.internal_issuer,
        ),
        inside,
    )
    Sync(
        "bridge-sync",
        SyncArgs(
            sync=settings.bridge.sync,
            data_sets=settings.residency.copied,
            containers=private.containers,
            bucket=public.bucket,
            key_arn=public.objects_key_arn,
            private=_private_store(settings, private, private.sync_reader),
            public=_aws_store_over_the_bridge(settings, public.sync_target),
            namespace=inference.namespace,
            node_selector={f"{ROLE_LABEL}/worker": ""},
        ),
        inside,
    )
    gateway = _gateway(settings, secrets, inference, monitoring, private, inside)
    edge = Edge(
        "openstack-edge",
        EdgeArgs(
            edge=chosen.edge,
            replicas=chosen.edge.openstack,
            image=chosen.edge.image.reference,
            namespace=inference.namespace,
            node_selector={f"{ROLE_LABEL}/worker": ""},
            triton_host=inference.host,
            monitoring=monitoring.namespace,
            overflow=chosen.edge.overflow,
            gateway=gateway.upstream,
            annotations=private.load_balancer.annotations,
            source_ranges=private.load_balancer.source_ranges,
            balancer_range=str(settings.openstack.network.load_balancer),
        ),
        inside,
    )
    return inference, edge


def _monitoring(
    chosen: InferenceSettings,
    replicas: ReplicaSettings,
    image: Callable[[str], pulumi.Input[str]],
    schedules: str | None = None,
) -> MonitoringArgs:
    return MonitoringArgs(
        monitoring=chosen.monitoring,
        queue_time_ms=chosen.queue_time_ms,
        gpu=replicas.device == "gpu",
        image=image,
        schedules=schedules,
    )


def _private_store(settings: HybridSettings, private: PrivateCloud, reader: StoreReader) -> StoreAccess:
    storage = settings.openstack.storage
    return StoreAccess(
        region=settings.openstack.region,
        ranges=[str(each) for each in storage.s3_ranges],
        port=urlsplit(storage.s3_endpoint).port or HTTPS,
        endpoint=private.s3_endpoint,
        key=StoreKey(access_key=reader.access_key, secret_key=reader.secret_key),
    )


def _aws_store_over_the_bridge(settings: HybridSettings, target: SyncTarget) -> StoreAccess:
    zones = settings.aws.network.zones.values()
    return StoreAccess(
        region=settings.aws.region,
        ranges=[str(each.private) for each in zones],
        endpoint=target.endpoint,
        key=StoreKey(access_key=target.access_key, secret_key=target.secret_key),
    )


def _gateway(
    settings: HybridSettings,
    secrets: Secrets,
    inference: Inference,
    monitoring: Monitoring,
    private: PrivateCloud,
    inside: pulumi.ResourceOptions,
) -> Gateway:
    chosen = settings.inference
    return Gateway(
        "openstack-gateway",
        GatewayArgs(
            gateway=chosen.gateway,
            edge=chosen.edge,
            fetch_image=chosen.fetch_image.reference,
            digest=settings.release.digest,
            store=private.stores[settings.residency.releases],
            access=_private_store(settings, private, private.release_reader),
            pseudonym_key=secrets.pseudonym_key,
            namespace=inference.namespace,
            node_selector={f"{ROLE_LABEL}/worker": ""},
            triton_host=inference.host,
            monitoring=monitoring.namespace,
            volume_type=private.volume_type,
            keep=settings.protect,
        ),
        inside,
    )


def _aws_workloads(
    settings: HybridSettings, public: AwsCloud, account: aws.Provider, machines: GatewayMachines
) -> tuple[Inference, Training]:
    """Declare what runs on EKS, whose API answers over the bridge only: so the gateway machines come first."""
    chosen, image = settings.inference, public.storage.image
    inside = _in_cluster("aws-kubernetes", public.kubeconfig, public, machines)
    both = pulumi.ResourceOptions.merge(inside, pulumi.ResourceOptions(providers=[account]))
    Autoscaler(
        "aws-autoscaler",
        AutoscalerArgs(
            cluster_name=public.pods_ready,
            region=settings.aws.region,
            image=image(settings.aws.autoscaler_image.reference),
        ),
        inside,
    )
    DevicePlugin(
        "aws-device-plugin",
        DevicePluginArgs(image=image(chosen.device_plugin_image.reference), node_selector=GPU_LABELS),
        inside,
    )
    monitoring = Monitoring("aws-monitoring", _monitoring(chosen, chosen.aws, image), inside)
    access = StoreAccess(region=settings.aws.region, ranges=public.s3_ranges)
    releases = public.storage.stores[settings.residency.releases]
    fetch_image = image(chosen.fetch_image.reference)
    inference = Inference(
        "aws-inference",
        InferenceArgs(
            replicas=chosen.aws,
            queue_time_ms=chosen.queue_time_ms,
            digest=settings.release.digest,
            triton_image=image(chosen.triton.image.reference),
            fetch_image=fetch_image,
            store=releases,
            access=access,
            node_selector=GPU_LABELS,
            monitoring=monitoring.namespace,
            issuer=chosen.edge.internal_issuer,
        ),
        inside,
    )
    Edge(
        "aws-edge",
        EdgeArgs(
            edge=chosen.edge,
            replicas=chosen.edge.aws,
            image=image(chosen.edge.image.reference),
            namespace=inference.namespace,
            node_selector={},
            triton_host=inference.host,
            monitoring=monitoring.namespace,
        ),
        inside,
    )
    data_set = settings.training.data.data_set
    training = Training(
        "aws-training",
        TrainingArgs(
            training=settings.training,
            namespace=inference.namespace,
            image=image(settings.training.image.reference),
            fetch_image=fetch_image,
            bucket=public.bucket,
            data=public.storage.stores[data_set] if data_set else None,
            releases=releases,
            access=access,
        ),
        both,
    )
    return inference, training


def _in_cluster(name: str, kubeconfig: pulumi.Input[str], *before: pulumi.Resource) -> pulumi.ResourceOptions:
    """Options for what runs in a cluster: a provider of its own, which waits for `before`."""
    provider = kubernetes.Provider(
        name, kubeconfig=kubeconfig, opts=pulumi.ResourceOptions(depends_on=list(before))
    )
    return pulumi.ResourceOptions(providers=[provider])
