"""How pods find the nodes that are meant for them: labels and taints, the same on both clouds."""

from __future__ import annotations

__all__ = ["CAPACITY_LABEL", "GPU_LABELS", "GPU_RESOURCE", "GPU_TAINT_KEY", "GPU_TAINT_VALUE", "POOL_LABEL"]

# The extended resource of NVIDIA's device plugin; its taint has the same name by custom
# (https://github.com/NVIDIA/k8s-device-plugin).
GPU_RESOURCE = "nvidia.com/gpu"
GPU_TAINT_KEY = "nvidia.com/gpu"
GPU_TAINT_VALUE = "present"
# Every node of a GPU pool, of either cloud.
GPU_LABELS = {"rialto.shop/accelerator": "nvidia"}
# Which pool of the settings a node belongs to, and whether its capacity may be taken away ("on-demand", "spot").
POOL_LABEL = "rialto.shop/pool"
CAPACITY_LABEL = "rialto.shop/capacity"
