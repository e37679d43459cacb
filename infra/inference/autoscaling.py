"""How many Triton pods there are: as many as keep the queue short."""

from __future__ import annotations

import pulumi
import pulumi_kubernetes as kubernetes

from infra.settings.inference import ReplicaSettings

__all__ = ["QUEUE_TIME_METRIC", "autoscaler"]

# The mean time of a request in a pod's queue over the last minute, in ms; infra/monitoring derives it. Not the card's
# use: a card is busy long before its queue grows, and idle while requests wait for a slow neighbour.
QUEUE_TIME_METRIC = "triton_queue_time_ms"
# A peak is answered within two scrapes; a lull must last, for a GPU node takes minutes to come back.
SCALE_DOWN_WINDOW_SECONDS = 300
SCALE_PERIOD_SECONDS = 60


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
        name,
        metadata=metadata,
        spec={
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
                }
            ],
            "behavior": _behavior(),
        },
        opts=opts,
    )


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
