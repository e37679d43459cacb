"""What Prometheus may know of the gateway; no label ever holds a user, an item or a query."""

from __future__ import annotations

import math
from typing import get_args

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from serving.gateway.answer import FallbackReason
from serving.gateway.audit_log import AuditLog
from serving.gateway.release import Releases

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
ROUTES = ("recommend", "predict", "search")


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
        self.empty = Counter(
            "rialto_gateway_empty_answers", "Answers without any item", ["route"], registry=self.registry
        )
        # What is counted from its first time on would be missed that first time.
        for route in ROUTES:
            self.empty.labels(route)
            for reason in get_args(FallbackReason):
                self.fallbacks.labels(route, reason)
        self.checked = Gauge(
            "rialto_gateway_checked_timestamp_seconds",
            "When what stands behind the gateway was last found well, or the gateway began",
            ["part"],
            registry=self.registry,
        )
        self.event = Gauge(
            "rialto_gateway_event_timestamp_seconds",
            "When an event was last recorded, or the gateway began",
            registry=self.registry,
        )
        self.event.set_to_current_time()
        self.cache = Counter("rialto_gateway_cache", "Cache look-ups", ["result"], registry=self.registry)
        self.triton_seconds = Histogram(
            "rialto_gateway_triton_seconds",
            "Time that Triton took for one answer",
            ["model"],
            buckets=BUCKETS_SECONDS,
            registry=self.registry,
        )

    def follow(self, releases: Releases) -> None:
        """Show how old the data is that the present release was trained on."""

        def newest() -> float:
            catalogue = releases.current.catalogue
            return catalogue.newest_event().timestamp() if catalogue.histories else math.nan

        Gauge(
            "rialto_gateway_release_data_timestamp_seconds",
            "The newest event in the release; NaN where it brings no histories",
            registry=self.registry,
        ).set_function(newest)

    def watch(self, audit: AuditLog) -> None:
        """Show what the audit log could not write."""
        for name, about, value in (
            ("waiting", "Audit records that the disk did not take yet", lambda: audit.waiting),
            ("lost", "Audit records lost since the last one written", lambda: audit.lost),
        ):
            gauge = Gauge(f"rialto_gateway_audit_{name}_records", about, registry=self.registry)
            gauge.set_function(value)
