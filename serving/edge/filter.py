"""What a request passes on its way in, in this order: token, rate, scope, the line, size, shape."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Literal

from google.protobuf.descriptor_pb2 import FileDescriptorSet  # type: ignore[import-untyped]
from tritonclient.grpc import model_config_pb2, service_pb2

from serving.edge.config import EdgeConfig, LimitConfig
from serving.edge.guard import GRPC_FIELDS, JWT, MODEL, RATE_LIMIT, RBAC, SHAPES, deny_all, rate_limit, tokens
from serving.edge.wire import Fields, seconds, typed

__all__ = [
    "BODY_CHECK",
    "BUFFER",
    "body_check",
    "body_limit",
    "inside_filters",
    "outside_filters",
    "queue_limited",
]

BUFFER = "envoy.filters.http.buffer"
QUEUE_LIMIT = "envoy.filters.http.adaptive_concurrency"
BODY_CHECK = "envoy.filters.http.lua"
ROUTER = "envoy.filters.http.router"
# So many are let through however long they take; and how often the number changes.
LEAST_AT_WORK = 8
UPDATE_SECONDS = 0.1
CODE = Path(__file__).with_name("body.lua")
INFER = "inference.GRPCInferenceService.ModelInfer"


def outside_filters(config: EdgeConfig) -> list[Fields]:
    """For callers who show tokens."""
    return [
        _named(JWT, tokens(config)),
        _named(RATE_LIMIT, rate_limit(config.limits)),
        _named(GRPC_FIELDS, _read_grpc()),
        _named(RBAC, deny_all()),
        {**_named(QUEUE_LIMIT, _queue_limit(config.limits)), "disabled": True},
        *_checks(config.limits),
        _router(),
    ]


def inside_filters(config: EdgeConfig) -> list[Fields]:
    """For the gateway beside this edge."""
    return [_named(BUFFER, _whole_bodies(config.limits)), _router()]


def _named(name: str, config: Fields) -> Fields:
    return {"name": name, "typed_config": config}


def _checks(limits: LimitConfig) -> list[Fields]:
    # An element is a byte at least. Neither does anything but where a route asks for it by name.
    sources = {"json": _code(limits.json_depth, 0), "tensors": _code(limits.json_depth, limits.body_bytes)}
    lua = typed("envoy.extensions.filters.http.lua.v3.Lua", source_codes=sources)
    return [_named(BUFFER, _whole_bodies(limits)), _named(BODY_CHECK, lua)]


def _code(depth: int, elements: int) -> Fields:
    return {"inline_string": f"local MAX_DEPTH, MAX_ELEMENTS = {depth}, {elements}\n{CODE.read_text()}"}


def _whole_bodies(limits: LimitConfig) -> Fields:
    """Only whole bodies go on, in one piece whatever pieces they came in: 600,000 of them kill Triton 2.51."""
    return typed("envoy.extensions.filters.http.buffer.v3.Buffer", max_request_bytes=limits.body_bytes)


def body_limit(limit: int) -> Fields:
    """For a route's filters: a body of at most so many bytes."""
    return typed(
        "envoy.extensions.filters.http.buffer.v3.BufferPerRoute", buffer={"max_request_bytes": limit}
    )


def queue_limited() -> Fields:
    """For a route's filters: who would wait for too long is told at once to come again."""
    return {"@type": "type.googleapis.com/envoy.config.route.v3.FilterConfig", "config": {}}


def body_check(kind: Literal["json", "tensors"]) -> Fields:
    """For a route's filters: what the body must be."""
    return typed("envoy.extensions.filters.http.lua.v3.LuaPerRoute", name=kind)


def _queue_limit(limits: LimitConfig) -> Fields:
    """As many at a time as are answered in time; the number follows from how long answers take."""
    # A fixed time instead of the shortest that was seen: looking for that one holds requests back now and then.
    longest = {
        "fixed_value": seconds(limits.answer_seconds),
        "buffer": {"value": 0},
        "min_concurrency": LEAST_AT_WORK,
    }
    return typed(
        "envoy.extensions.filters.http.adaptive_concurrency.v3.AdaptiveConcurrency",
        gradient_controller_config={
            "sample_aggregate_percentile": {"value": 90},
            "concurrency_limit_params": {
                "max_concurrency_limit": limits.requests,
                "concurrency_update_interval": seconds(UPDATE_SECONDS),
            },
            "min_rtt_calc_params": longest,
        },
    )


def _read_grpc() -> Fields:
    """Put the model that a gRPC request asks, and its shapes, where the route's rules look for them."""
    described = FileDescriptorSet()
    for file in (model_config_pb2.DESCRIPTOR, service_pb2.DESCRIPTOR):
        file.CopyToProto(described.file.add())
    return typed(
        "envoy.extensions.filters.http.grpc_field_extraction.v3.GrpcFieldExtractionConfig",
        descriptor_set={"inline_bytes": base64.b64encode(described.SerializeToString()).decode()},
        extractions_by_method={INFER: {"request_field_extractions": {MODEL: {}, SHAPES: {}}}},
    )


def _router() -> Fields:
    # What Envoy thinks of an upstream is nobody's business, and callers do not set its timeouts.
    return _named(
        ROUTER, typed("envoy.extensions.filters.http.router.v3.Router", suppress_envoy_headers=True)
    )
