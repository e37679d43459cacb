"""How many pods there are: as many as keep cores free, and of Triton as many as keep the queue short too."""

from __future__ import annotations

from typing import Literal

import pulumi
import pulumi_kubernetes as kubernetes

from infra.settings.inference import ReplicaSettings
from infra.settings.replica import ReplicaRange

__all__ = ["QUEUE_TIME_METRIC", "autoscaler", "autoscaler_spec", "cores_autoscaler"]

# The mean time of a request in a pod's queue over the last minute, in ms; infra/monitoring derives it. Not the card's
# use: a card is busy long before its queue grows, and idle while requests wait for a slow neighbour.
QUEUE_TIME_METRIC = "triton_queue_time_ms"
# A peak is answered within two scrapes; a lull must last, for a GPU node takes minutes to come back.
SCALE_DOWN_WINDOW_SECONDS = 300
SCALE_PERIOD_SECONDS = 60
# Of the cores that a container asks for: at twice this it would be late, and a new pod takes half a minute.
CPU_PERCENT = 60
# The queue is empty until a pod is nearly full, so by itself it takes pods away until there is a queue: in a
# simulated day 403 changes, and one request in fourteen without the model's answer (scripts/bench scaling). Cores in
# use grow with the load and hold the pods that it needs; where they say too little, as beside a card, the queue adds.
TRITON_CPU_PERCENT = 70


def autoscaler(
    name: str,
    metadata: kubernetes.meta.v1.ObjectMetaArgsDict,
    deployment: str,
    replicas: ReplicaSettings,
    queue_time_ms: int,
    opts: pulumi.ResourceOptions,
) -> kubernetes.autoscaling.v2.HorizontalPodAutoscaler:
    """Declare the autoscaler that owns the deployment's number of replicas."""
    return kubernetes.autoscaling.v2.HorizontalPodAutoscaler(
        name, metadata=metadata, spec=autoscaler_spec(deployment, replicas, queue_time_ms), opts=opts
    )


def autoscaler_spec(
    deployment: str, replicas: ReplicaSettings, queue_time_ms: int
) -> kubernetes.autoscaling.v2.HorizontalPodAutoscalerSpecArgsDict:
    """How Triton's pods scale; `scripts/bench scaling` simulates a day of exactly this."""
    return {
        "scale_target_ref": {"api_version": "apps/v1", "kind": "Deployment", "name": deployment},
        "min_replicas": replicas.min_replicas,
        "max_replicas": replicas.max_replicas,
        "metrics": [
            {
                "type": "Pods",
                "pods": {
                    "metric": {"name": QUEUE_TIME_METRIC},
                    "target": {"type": "AverageValue", "average_value": str(queue_time_ms)},
                },
            },
            _cores("triton", TRITON_CPU_PERCENT),
        ],
        "behavior": _behavior(),
    }


def cores_autoscaler(
    name: str,
    metadata: kubernetes.meta.v1.ObjectMetaArgsDict,
    kind: Literal["Deployment", "StatefulSet"],
    workload: str,
    container: str,
    replicas: ReplicaRange,
    opts: pulumi.ResourceOptions,
) -> kubernetes.autoscaling.v2.HorizontalPodAutoscaler:
    """Declare the autoscaler that owns the workload's replicas, by the cores that one of its containers uses."""
    return kubernetes.autoscaling.v2.HorizontalPodAutoscaler(
        name,
        metadata=metadata,
        spec={
            "scale_target_ref": {"api_version": "apps/v1", "kind": kind, "name": workload},
            "min_replicas": replicas.min_replicas,
            "max_replicas": replicas.max_replicas,
            "metrics": [_cores(container, CPU_PERCENT)],
        },
        opts=opts,
    )


def _cores(container: str, percent: int) -> kubernetes.autoscaling.v2.MetricSpecArgsDict:
    target: kubernetes.autoscaling.v2.MetricTargetArgsDict = {
        "type": "Utilization",
        "average_utilization": percent,
    }
    return {
        "type": "ContainerResource",
        "container_resource": {"name": "cpu", "container": container, "target": target},
    }


def _behavior() -> kubernetes.autoscaling.v2.HorizontalPodAutoscalerBehaviorArgsDict:
    return {
        "scale_up": {
            "stabilization_window_seconds": 0,
            "select_policy": "Max",
            "policies": [
                {"type": "Percent", "value": 100, "period_seconds": SCALE_PERIOD_SECONDS},
                {"type": "Pods", "value": 2, "period_seconds": SCALE_PERIOD_SECONDS},
            ],
        },
        "scale_down": {
            "stabilization_window_seconds": SCALE_DOWN_WINDOW_SECONDS,
            "policies": [{"type": "Pods", "value": 1, "period_seconds": SCALE_PERIOD_SECONDS}],
        },
    }
