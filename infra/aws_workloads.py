"""What runs on EKS: Triton on GPUs behind an edge of its own, the autoscaler of its nodes, and training."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

from infra.aws.autoscaler import Autoscaler, AutoscalerArgs
from infra.aws.cloud import AwsCloud
from infra.cluster import in_cluster
from infra.inference.device_plugin import DevicePlugin, DevicePluginArgs
from infra.inference.edge import Edge, EdgeArgs
from infra.inference.inference import Inference, InferenceArgs
from infra.inference.store_access import StoreAccess
from infra.logs.collector import Collector, CollectorArgs
from infra.logs.namespace import LogNamespace
from infra.logs.outlet import to_cloudwatch
from infra.monitoring.monitoring import Monitoring, MonitoringArgs
from infra.monitoring.topic import topics
from infra.openstack.gateway import GatewayMachines
from infra.scheduling import GPU_LABELS
from infra.settings import HybridSettings
from infra.training.training import Training, TrainingArgs

__all__ = ["aws_workloads"]


def aws_workloads(
    settings: HybridSettings, public: AwsCloud, account: aws.Provider, machines: GatewayMachines
) -> tuple[Inference, Training]:
    """Declare what runs on EKS, whose API answers over the bridge only: so the gateway machines come first."""
    chosen, image = settings.inference, public.storage.image
    inside = in_cluster("aws-kubernetes", public.kubeconfig, public, machines)
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
    monitoring = Monitoring(
        "aws-monitoring",
        MonitoringArgs(
            monitoring=chosen.monitoring,
            queue_time_ms=chosen.queue_time_ms,
            gpu=chosen.aws.device == "gpu",
            cluster=f"{pulumi.get_stack()}-aws",
            image=image,
            outlet=topics(public.alert_topics, settings.aws.region, str(settings.aws.network.range)),
        ),
        inside,
    )
    access = StoreAccess(region=settings.aws.region, ranges=public.s3_ranges)
    Collector(
        "aws-logs",
        CollectorArgs(
            image=image(settings.logs.collector_image.reference),
            namespace=LogNamespace("aws-logs", inside).namespace,
            outlet=to_cloudwatch(public.pod_log, settings.aws.region, str(settings.aws.network.range)),
        ),
        inside,
    )
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
