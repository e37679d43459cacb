"""Prometheus, as far as Triton's autoscaling needs it."""
