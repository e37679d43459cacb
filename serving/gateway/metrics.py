"""What Prometheus may know of the gateway; no label ever holds a user, an item or a query."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from serving.gateway.audit_log import AuditLog

__all__ = ["Metrics"]

# Around the promises: 150 ms to a shopper, 120 ms of them for Triton.
BUCKETS_SECONDS = (
    0.001,
    0.002,
    0.003,
    0.005,
    0.0075,
    0.01,
    0.02,
    0.03,
    0.05,
    0.075,
    0.1,
    0.12,
    0.15,
    0.2,
    0.5,
)


class Metrics:
    """The counters of one gateway, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "rialto_gateway_requests", "Requests answered", ["route", "status"], registry=self.registry
        )
        self.seconds = Histogram(
            "rialto_gateway_request_seconds",
            "Time from a request's arrival to its answer",
            ["route"],
            buckets=BUCKETS_SECONDS,
            registry=self.registry,
        )
        self.fallbacks = Counter(
            "rialto_gateway_fallbacks",
            "Answers without the model",
            ["route", "reason"],
            registry=self.registry,
        )
        self.cache = Counter("rialto_gateway_cache", "Cache look-ups", ["result"], registry=self.registry)
        self.triton_seconds = Histogram(
            "rialto_gateway_triton_seconds",
            "Time that Triton took for one answer",
            ["model"],
            buckets=BUCKETS_SECONDS,
            registry=self.registry,
        )

    def watch(self, audit: AuditLog) -> None:
        """Show what the audit log could not write."""
        for name, about, value in (
            ("waiting", "Audit records that the disk did not take yet", lambda: audit.waiting),
            ("lost", "Audit records lost since the last one written", lambda: audit.lost),
        ):
            gauge = Gauge(f"rialto_gateway_audit_{name}_records", about, registry=self.registry)
            gauge.set_function(value)
