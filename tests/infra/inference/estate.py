"""Inference in both clouds, training and monitoring, as `prod` declares them, without what lies below."""

import warnings
from functools import cache
from pathlib import Path

import pulumi
import pulumi_aws as aws
import yaml

from infra.inference.device_plugin import DevicePlugin, DevicePluginArgs
from infra.inference.edge import Edge, EdgeArgs
from infra.inference.gateway import Gateway, GatewayArgs
from infra.inference.inference import Inference, InferenceArgs
from infra.inference.store_access import StoreAccess, StoreKey
from infra.monitoring.monitoring import Monitoring, MonitoringArgs
from infra.monitoring.outlet import Outlet
from infra.monitoring.topic import topics
from infra.scheduling import GPU_LABELS
from infra.settings.inference import InferenceSettings
from infra.settings.training import TrainingSettings
from infra.training.training import Training, TrainingArgs
from tests.recording import Declared, record

# The module warns of its own old names when it is loaded, once (pulumi_aws 7.51.1).
with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    assert aws.s3.BucketObjectv2

PROJECT = Path(__file__).parents[3]
DIGEST = f"sha256:{'7' * 64}"
MIRROR = "111122223333.dkr.ecr.eu-central-1.amazonaws.com/rialto-prod"
PSEUDONYM_KEY = "a-pseudonym-key-of-the-test-with-32-bytes"
ACCESS_KEY, SECRET_KEY = "an-access-key-of-the-test", "a-secret-key-of-the-test"
ON_AWS = StoreAccess(region="eu-central-1", ranges=["3.5.136.0/22", "52.219.168.0/24"])


def chosen(stack: str) -> dict:
    """What a stack file says, as plain values."""
    file = yaml.safe_load((PROJECT / "stacks" / f"Pulumi.{stack}.yaml").read_text())
    return file["config"]["rialto:settings"]


def inference(stack: str = "prod") -> InferenceSettings:
    return InferenceSettings.model_validate(chosen(stack)["inference"])


def training(stack: str = "prod", **changes) -> TrainingSettings:
    return TrainingSettings.model_validate(chosen(stack)["training"] | changes)


def on_openstack(
    endpoint: str = "https://objects.cloud.example.com", key: tuple[str, str] = (ACCESS_KEY, SECRET_KEY)
) -> StoreAccess:
    access_key, secret_key = map(pulumi.Output.secret, key)
    return StoreAccess(
        region="RegionOne",
        ranges=["10.10.200.0/28"],
        endpoint=endpoint,
        key=StoreKey(access_key=access_key, secret_key=secret_key),
    )


def mirrored(image: str) -> pulumi.Output[str]:
    """Where AWS's nodes pull an image from."""
    return pulumi.Output.from_input(f"{MIRROR}/{image.rpartition('/')[2]}")


def triton(
    cloud: str,
    settings: InferenceSettings | None = None,
    digest: str = DIGEST,
    private: StoreAccess | None = None,
) -> Declared:
    """Triton in one cloud; `private` is where the private one's releases are."""
    settings = settings or inference()
    replicas, access, nodes, store = {
        "aws": (settings.aws, ON_AWS, GPU_LABELS, "s3://bucket/releases"),
        "openstack": (
            settings.openstack,
            private or on_openstack(),
            {"node-role.kubernetes.io/worker": ""},
            "s3://releases",
        ),
    }[cloud]

    def program():
        Inference(
            f"{cloud}-triton",
            InferenceArgs(
                replicas=replicas,
                queue_time_ms=settings.queue_time_ms,
                digest=digest,
                triton_image=settings.triton.image.reference,
                fetch_image=settings.fetch_image.reference,
                store=store,
                access=access,
                node_selector=nodes,
                monitoring="monitoring",
                issuer=settings.edge.internal_issuer,
            ),
        )
        return {}

    return record(program, stack="prod", computed={})


def edge(cloud: str, settings: InferenceSettings | None = None) -> Declared:
    """The edge in one cloud, before its Triton."""
    settings = settings or inference()
    outside = {
        "openstack": {
            "overflow": settings.edge.overflow,
            "annotations": {"loadbalancer.openstack.org/load-balancer-id": pulumi.Output.from_input("lb-1")},
            "source_ranges": ["192.168.32.0/22"],
            "balancer_range": "10.10.129.0/28",
            "gateway": Gateway.upstream,
        },
        "aws": {},
    }[cloud]

    def program():
        Edge(
            f"{cloud}-edge",
            EdgeArgs(
                edge=settings.edge,
                replicas=getattr(settings.edge, cloud),
                image="envoy:1",
                namespace="rialto",
                node_selector={},
                triton_host="triton.rialto.svc",
                monitoring="monitoring",
                **outside,
            ),
        )
        return {}

    return record(program, stack="prod", computed={})


def gateway(
    settings: InferenceSettings | None = None, digest: str = DIGEST, private: StoreAccess | None = None
) -> Declared:
    """The gateway of the private cloud."""
    settings = settings or inference()

    def program():
        Gateway(
            "gateway",
            GatewayArgs(
                gateway=settings.gateway,
                edge=settings.edge,
                fetch_image=settings.fetch_image.reference,
                digest=digest,
                store="s3://releases",
                access=private or on_openstack(),
                pseudonym_key=pulumi.Output.secret(PSEUDONYM_KEY),
                namespace="rialto",
                node_selector={},
                triton_host="triton.rialto.svc",
                monitoring="monitoring",
                volume_type="rialto-prod-luks",
                keep=True,
            ),
        )
        return {}

    return record(program, stack="prod", computed={})


@cache
def in_cloud(cloud: str) -> Declared:
    """Triton as `prod` has it; tests only look."""
    return triton(cloud)


def device_plugin() -> Declared:
    def program():
        DevicePlugin("plugin", DevicePluginArgs(image="plugin:1", node_selector=GPU_LABELS))
        return {}

    return record(program, stack="prod", computed={})


def by_topics() -> Outlet:
    """How alerts leave AWS."""
    arns = {each: f"arn:aws:sns:eu-central-1:111122223333:rialto-prod-{each}" for each in ("page", "ticket")}
    return topics(arns, "eu-central-1", "10.20.0.0/16")


def monitoring(schedules: str | None = None, outlet: Outlet | None = None) -> Declared:
    def program():
        Monitoring(
            "aws",
            MonitoringArgs(
                monitoring=inference().monitoring,
                queue_time_ms=20,
                gpu=True,
                cluster="prod-aws",
                image=mirrored,
                schedules=schedules,
                outlet=outlet or by_topics(),
            ),
        )
        return {}

    return record(program, stack="prod", computed={})


def trained(settings: TrainingSettings | None = None, data: str | None = None) -> Declared:
    """Training on AWS."""

    def program():
        made = Training(
            "training",
            TrainingArgs(
                training=settings or training(),
                namespace="rialto",
                image="training:1",
                fetch_image="fetch:1",
                bucket="bucket",
                data=data,
                releases="s3://bucket/releases",
                access=ON_AWS,
            ),
        )
        return {"code": made.code, "command": made.command}

    return record(program, stack="prod", computed={})
