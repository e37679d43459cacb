"""The public images that the monitoring charts run; nodes pull them, with the charts' own tags."""

from __future__ import annotations

__all__ = ["ADAPTER", "ALERTMANAGER", "IMAGES", "OPERATOR", "PROMETHEUS", "RELOADER", "STATE"]

PROMETHEUS = "quay.io/prometheus/prometheus"
ALERTMANAGER = "quay.io/prometheus/alertmanager"
OPERATOR = "quay.io/prometheus-operator/prometheus-operator"
RELOADER = "quay.io/prometheus-operator/prometheus-config-reloader"
ADAPTER = "registry.k8s.io/prometheus-adapter/prometheus-adapter"
# In the private cluster alone, where the sync's schedules are.
STATE = "registry.k8s.io/kube-state-metrics/kube-state-metrics"
IMAGES = (PROMETHEUS, ALERTMANAGER, OPERATOR, RELOADER, ADAPTER)
