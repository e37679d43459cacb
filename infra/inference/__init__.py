"""Triton on Kubernetes: the same component on both clouds."""
