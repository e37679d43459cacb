"""Where pods of one kind go: away from each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import pulumi_kubernetes as kubernetes

__all__ = ["spread"]

# What Kubernetes itself puts on the pods of one rollout.
Revision = Literal["pod-template-hash", "controller-revision-hash"]


def spread(
    labels: Mapping[str, str], revision: Revision = "pod-template-hash"
) -> Sequence[kubernetes.core.v1.TopologySpreadConstraintArgsDict]:
    """Over zones and over nodes.

    A zone without capacity must not keep a pod from another one; each rollout, known by its label `revision`, is spread
    by itself.
    """
    return [
        {
            "max_skew": 1,
            "topology_key": topology_key,
            "when_unsatisfiable": "ScheduleAnyway",
            "label_selector": {"match_labels": labels},
            "match_label_keys": [revision],
        }
        for topology_key in ("topology.kubernetes.io/zone", "kubernetes.io/hostname")
    ]
