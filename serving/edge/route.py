"""What the edge lets through, and to whom; everything else is not found.

Paths are compared whole, after Envoy has normalised them: what is not named here, such as Triton's control of models,
repository, shared memory, statistics, trace and log settings, does not exist out there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from model.signature import MODELS
from serving.edge.cluster import GATEWAY, TRITON_GRPC, TRITON_HTTP
from serving.edge.config import EdgeConfig, LimitConfig
from serving.edge.filter import BODY_CHECK, BUFFER, QUEUE_LIMIT, body_check, body_limit, queue_limited
from serving.edge.guard import allow_any_scope, allow_by_model, public
from serving.edge.scope import MODEL_SCOPES, model_scope
from serving.edge.wire import Fields, seconds

__all__ = ["GRPC_INFER", "Route", "inside_routes", "outside_routes"]

SERVICE = "/inference.GRPCInferenceService"
GRPC_INFER = f"{SERVICE}/ModelInfer"
GRPC_READS = ("ServerLive", "ServerReady", "ServerMetadata", "ModelReady", "ModelMetadata", "ModelConfig")
# https://grpc.io/docs/guides/status-codes/
GRPC_NOT_FOUND = "5"
GRPC_HEALTH = "/grpc.health.v1.Health/Check"

# The slowest promise to a shopper is 200 ms; what takes this long is an outage, and the next server is asked.
TRY_SECONDS = 1
ANSWER_SECONDS = 3
# By somebody else. Not more: should a request ever be one that ends a server, it ends two.
RETRIES = 1
# Choices are made at random and the one that just failed looks idle, so of two it is the better in three of four: after
# fifty the other one is found but once in a million times.
CHOICES = 50
STATIC = "/static/"


@dataclass(frozen=True, kw_only=True)
class Route:
    """One path; `scopes` are those of which a token needs one, none where everybody may ask."""

    path: str
    cluster: str
    method: str = "GET"
    scopes: Sequence[str] = ()
    prefix: bool = False
    grpc: bool = False

    def match(self) -> Fields:
        """How a request is recognised."""
        path = {"prefix": self.path} if self.prefix else {"path": self.path}
        method = {"name": ":method", "string_match": {"exact": self.method}}
        return {**path, "headers": [method], **({"grpc": {}} if self.grpc else {})}

    def repeatable(self) -> bool:
        """Whether a second try changes nothing: inference and reads; an event would count twice."""
        return self.cluster != GATEWAY or self.method == "GET"


def outside_routes(config: EdgeConfig) -> list[Fields]:
    """The routes for callers from outside, who show tokens."""
    triton = [_guarded(route, config.limits) for route in _triton()]
    gateway = [_guarded(route, config.limits) for route in _gateway()] if config.gateway else []
    return [*triton, *gateway, _not_found()]


def inside_routes() -> list[Fields]:
    """The routes for the gateway beside this edge, which has checked its callers' tokens already."""
    return [*(_forward(route) for route in _triton()), _not_found()]


def _triton() -> Iterator[Route]:
    for model in MODELS:
        path, scopes = f"/v2/models/{model}", (model_scope(model),)
        yield Route(path=f"{path}/infer", cluster=TRITON_HTTP, method="POST", scopes=scopes)
        for read in ("", "/ready", "/config"):
            yield Route(path=f"{path}{read}", cluster=TRITON_HTTP, scopes=scopes)
    for read in ("/v2", "/v2/health/live", "/v2/health/ready"):
        yield Route(path=read, cluster=TRITON_HTTP, scopes=MODEL_SCOPES)
    for method in ("ModelInfer", *GRPC_READS):
        yield Route(
            path=f"{SERVICE}/{method}", cluster=TRITON_GRPC, method="POST", scopes=MODEL_SCOPES, grpc=True
        )
    yield Route(path=GRPC_HEALTH, cluster=TRITON_GRPC, method="POST", grpc=True)


def _gateway() -> Iterator[Route]:
    for name in ("recommend", "predict", "search"):
        yield Route(path=f"/{name}", cluster=GATEWAY, scopes=(name,))
    yield Route(path="/events", cluster=GATEWAY, method="POST", scopes=("events",))
    # The page and its description of the API; what it shows it asks for with a token.
    for path in ("/", "/healthz", "/openapi.json"):
        yield Route(path=path, cluster=GATEWAY)
    yield Route(path=STATIC, cluster=GATEWAY, prefix=True)
    # Only there in local: the page's own token, and what it shows beside the domain API.
    yield Route(path="/storefront/session", cluster=GATEWAY)
    for name in ("shoppers", "history"):
        yield Route(path=f"/storefront/{name}", cluster=GATEWAY, scopes=("recommend",))


def _guarded(route: Route, limits: LimitConfig) -> Fields:
    guard = allow_by_model() if route.path == GRPC_INFER else allow_any_scope(route.scopes)
    filters = {**(guard if route.scopes else public()), **_body_checks(route, limits)}
    if route.cluster == GATEWAY and route.scopes:
        filters[QUEUE_LIMIT] = queue_limited()
    return {**_forward(route), "typed_per_filter_config": filters}


def _body_checks(route: Route, limits: LimitConfig) -> Fields:
    if route.method != "POST" or route.grpc:
        return {}
    if route.cluster == TRITON_HTTP:
        return {BODY_CHECK: body_check("tensors")}
    return {BODY_CHECK: body_check("json"), BUFFER: body_limit(limits.event_bytes)}


def _forward(route: Route) -> Fields:
    action = {
        "cluster": route.cluster,
        "timeout": seconds(ANSWER_SECONDS),
        "retry_policy": _retries() if route.repeatable() else _retries_before_a_word_was_said(),
    }
    return {"name": route.path, "match": route.match(), "route": action}


def _retries() -> Fields:
    return {
        # `reset` is any connection that ended without an answer; `unavailable` is gRPC's 503.
        "retry_on": "connect-failure,refused-stream,reset,retriable-status-codes,unavailable,retriable-headers",
        # A server that has just come back knows no model, and it takes its check up to a second to notice.
        "retriable_status_codes": [404, 503],
        "retriable_headers": [{"name": "grpc-status", "string_match": {"exact": GRPC_NOT_FOUND}}],
        "num_retries": RETRIES,
        "per_try_timeout": seconds(TRY_SECONDS),
        "retry_back_off": {"base_interval": "0.005s", "max_interval": "0.1s"},
        # Somebody else, and where a cloud has nobody else, the other cloud.
        "retry_host_predicate": [
            {
                "name": "envoy.retry_host_predicates.previous_hosts",
                "typed_config": {
                    "@type": "type.googleapis.com/"
                    "envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate"
                },
            }
        ],
        "host_selection_retry_max_attempts": CHOICES,
        "retry_priority": {
            "name": "envoy.retry_priorities.previous_priorities",
            "typed_config": {
                "@type": "type.googleapis.com/"
                "envoy.extensions.retry.priority.previous_priorities.v3.PreviousPrioritiesConfig",
                "update_frequency": 1,
            },
        },
    }


def _retries_before_a_word_was_said() -> Fields:
    return {"retry_on": "connect-failure,refused-stream", "num_retries": RETRIES}


def _not_found() -> Fields:
    body = {"inline_string": "there is nothing here"}
    answer = {"status": 404, "body": body}
    match = {"prefix": "/"}
    return {
        "name": "not-found",
        "match": match,
        "direct_response": answer,
        "typed_per_filter_config": public(),
    }
