"""What is promised to callers, once: the rules are made from it."""

from __future__ import annotations

from dataclasses import dataclass
from string import Template
from typing import Literal

from serving.edge.bootstrap import PROMISE_MS

__all__ = [
    "BURNS",
    "DAY",
    "HOUR",
    "MINUTE",
    "OBJECTIVES",
    "WINDOWS",
    "Burn",
    "Objective",
    "Severity",
    "duration",
    "window_name",
]

Severity = Literal["page", "ticket"]
MINUTE, HOUR, DAY = 60, 3600, 86_400
_UNITS = {"d": DAY, "h": HOUR, "m": MINUTE, "s": 1}


@dataclass(frozen=True, kw_only=True)
class Objective:
    """A promise: the share of events that may miss it (`budget`), and the share that does, over a `$window`."""

    name: str
    alert: str
    budget: float
    error_ratio: str
    missed: str

    def over(self, window: str) -> str:
        """The share of events that missed in the last `window`; no number where nothing happened."""
        return Template(self.error_ratio).substitute(window=window)


@dataclass(frozen=True, kw_only=True)
class Burn:
    """Somebody is called when the budget is spent `factor` times as fast as it may be, in both windows (seconds)."""

    factor: float
    long: int
    short: int
    severity: Severity


# https://sre.google/workbook/alerting-on-slos/, table 5-8: 2 % of a month's budget in an hour, 5 % in six hours, 10 %
# in a day, or 10 % in three days. The short window, a twelfth, ends the alert soon after the trouble.
BURNS = (
    Burn(factor=14.4, long=HOUR, short=5 * MINUTE, severity="page"),
    Burn(factor=6, long=6 * HOUR, short=30 * MINUTE, severity="page"),
    Burn(factor=3, long=DAY, short=2 * HOUR, severity="ticket"),
    Burn(factor=1, long=3 * DAY, short=6 * HOUR, severity="ticket"),
)
WINDOWS = tuple(sorted({window for burn in BURNS for window in (burn.long, burn.short)}))

_OUTSIDE = 'envoy_http_conn_manager_prefix="outside"'
_ANSWERS = 'rialto_gateway_requests_total{route=~"/(predict|recommend|search)",status="200"}'
_LISTS = 'rialto_gateway_requests_total{route=~"/(recommend|search)",status="200"}'
OBJECTIVES = (
    Objective(
        name="availability",
        alert="Availability",
        budget=0.001,
        error_ratio=f'sum(rate(envoy_http_downstream_rq_xx{{{_OUTSIDE},envoy_response_code_class="5"}}[$window]))'
        f" / sum(rate(envoy_http_downstream_rq_completed{{{_OUTSIDE}}}[$window]))",
        missed="requests at the edge end in a 5xx",
    ),
    Objective(
        name="latency",
        alert="Latency",
        # That is what p99 means: one request in a hundred may be slower.
        budget=0.01,
        error_ratio=f'1 - sum(rate(envoy_http_downstream_rq_time_bucket{{{_OUTSIDE},le="{PROMISE_MS}"}}[$window]))'
        f" / sum(rate(envoy_http_downstream_rq_time_count{{{_OUTSIDE}}}[$window]))",
        missed=f"requests at the edge take longer than {PROMISE_MS} ms",
    ),
    Objective(
        # A gRPC error has HTTP status 200 at the edge; Triton counts it.
        name="inference",
        alert="Inference",
        budget=0.001,
        error_ratio='sum(rate(nv_inference_request_failure{reason!="CANCELED"}[$window]))'
        ' / (sum(rate(nv_inference_request_failure{reason!="CANCELED"}[$window]))'
        " + sum(rate(nv_inference_request_success[$window])))",
        missed="requests fail in Triton",
    ),
    Objective(
        name="model-answers",
        alert="Fallback",
        budget=0.01,
        # Nobody knows a new user: that is no failure.
        error_ratio='sum(rate(rialto_gateway_fallbacks_total{reason!="no-history"}[$window]))'
        f" / sum(rate({_ANSWERS}[$window]))",
        missed="answers come without the model, though the user has a history",
    ),
    Objective(
        name="answers-not-empty",
        alert="EmptyAnswer",
        # Some queries name nothing that the shop has.
        budget=0.02,
        error_ratio=f"sum(rate(rialto_gateway_empty_answers_total[$window])) / sum(rate({_LISTS}[$window]))",
        missed="recommendations and searches come back empty",
    ),
)


def duration(seconds: float) -> str:
    """Seconds as Prometheus writes them, in the largest unit that leaves a whole number."""
    for unit, size in _UNITS.items():
        if seconds >= size and seconds % size == 0:
            return f"{int(seconds // size)}{unit}"
    return f"{round(seconds * 1000)}ms"


def window_name(window: int) -> str:
    """The name under which a window's ratio is recorded, whatever its scale."""
    return f"slo:error_ratio:rate{duration(window)}"
