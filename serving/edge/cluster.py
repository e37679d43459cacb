"""Who answers behind the edge: how they are balanced, watched, taken out and brought back."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable

from serving.edge.config import TRITON_NAME, EdgeConfig, GatewayUpstream, LimitConfig, TritonUpstream
from serving.edge.secret import AUTHORITY, CLIENT, secret_ref
from serving.edge.wire import Fields, listen, seconds, typed

__all__ = ["ADMIN", "GATEWAY", "READY_PATH", "TRITON_GRPC", "TRITON_HTTP", "clusters"]

TRITON_HTTP = "triton-http"
TRITON_GRPC = "triton-grpc"
GATEWAY = "gateway"
ADMIN = "admin"

# A server is ready when its models are, not when its process is.
READY_PATH = "/v2/models/recommend/ready"
CONNECT_SECONDS = 0.5
CHECK_SECONDS = 1
# One lost check is a busy machine, two are an outage; what answers once again is used again.
FAILED_CHECKS, GOOD_CHECKS = 2, 1
# A server that three requests in a row could not even reach is left out before its checks fail.
FAILURES_IN_A_ROW = 3
EJECTION_SECONDS = 3
# gRPC's connections show by themselves that a peer hangs.
PING_SECONDS, PONG_SECONDS = 5, 2
IDLE_SECONDS = 30
# When one of two servers dies, half of all requests are tried again at the same moment.
RETRY_SHARE_PERCENT = 60
RETRIES_ALWAYS_ALLOWED = 20
PLAIN = {"plain": True}


def clusters(config: EdgeConfig) -> list[Fields]:
    """Triton by its two protocols, the gateway where there is one, and Envoy's own administration."""
    gateway = [_gateway(config.gateway, config.limits)] if config.gateway else []
    return [_triton_http(config), _triton_grpc(config), *gateway, _admin(config.admin_socket)]


def _triton_http(config: EdgeConfig) -> Fields:
    return {
        **_balanced(TRITON_HTTP, config.limits),
        **_tritons(config, lambda triton: triton.http_port),
        "health_checks": [_check(READY_PATH)],
    }


def _triton_grpc(config: EdgeConfig) -> Fields:
    plain = {"name": "envoy.transport_sockets.raw_buffer", "typed_config": _type("raw_buffer.v3.RawBuffer")}
    return {
        **_balanced(TRITON_GRPC, config.limits, http2=True),
        **_tritons(config, lambda triton: triton.grpc_port),
        "transport_socket": _mutual_tls(config),
        # Only over HTTP does Triton tell whether one model is ready; its HTTP has no TLS.
        "transport_socket_matches": [{"name": "checks", "match": PLAIN, "transport_socket": plain}],
        "health_checks": [{**_check(READY_PATH), "transport_socket_match_criteria": PLAIN}],
    }


def _gateway(gateway: GatewayUpstream, limits: LimitConfig) -> Fields:
    return {
        **_balanced(GATEWAY, limits),
        **_discovery(gateway.host),
        "load_assignment": {
            "cluster_name": GATEWAY,
            "endpoints": [{"lb_endpoints": [_endpoint(gateway.host, gateway.port)]}],
        },
        "health_checks": [_check("/healthz")],
    }


def _admin(socket: str) -> Fields:
    endpoint = {"endpoint": {"address": {"pipe": {"path": socket}}}}
    return {
        "name": ADMIN,
        "connect_timeout": seconds(CONNECT_SECONDS),
        "load_assignment": {"cluster_name": ADMIN, "endpoints": [{"lb_endpoints": [endpoint]}]},
    }


def _balanced(name: str, limits: LimitConfig, *, http2: bool = False) -> Fields:
    return {
        "name": name,
        "connect_timeout": seconds(CONNECT_SECONDS),
        "load_balancing_policy": {"policies": [{"typed_extension_config": _least_requests()}]},
        # Workers hear of a server's health at once. By default a second late: if the other of two dies meanwhile,
        # there is nobody to try again with.
        "common_lb_config": {"update_merge_window": "0s"},
        "circuit_breakers": {"thresholds": [_thresholds(limits)]},
        "outlier_detection": _outliers(),
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": _protocol(http2)
        },
    }


def _least_requests() -> Fields:
    return {
        "name": "envoy.load_balancing_policies.least_request",
        # The better of two chosen at random. Not the best of all: that would be the one that just failed, again and
        # again, since nobody waits there.
        "typed_config": typed("envoy.extensions.load_balancing_policies.least_request.v3.LeastRequest"),
    }


def _thresholds(limits: LimitConfig) -> Fields:
    budget = {
        "budget_percent": {"value": RETRY_SHARE_PERCENT},
        "min_retry_concurrency": RETRIES_ALWAYS_ALLOWED,
    }
    at_work = dict.fromkeys(("max_connections", "max_pending_requests", "max_requests"), limits.requests)
    return {**at_work, "retry_budget": budget}


def _outliers() -> Fields:
    return {
        "split_external_local_origin_errors": True,
        "consecutive_local_origin_failure": FAILURES_IN_A_ROW,
        "consecutive_gateway_failure": FAILURES_IN_A_ROW,
        # A caller who can make a model answer 500 must not be able to take servers out.
        "enforcing_consecutive_5xx": 0,
        "enforcing_success_rate": 0,
        "enforcing_local_origin_success_rate": 0,
        "enforcing_consecutive_gateway_failure": 100,
        "interval": seconds(1),
        "base_ejection_time": seconds(EJECTION_SECONDS),
        "max_ejection_time": seconds(EJECTION_SECONDS),
        "max_ejection_percent": 50,
    }


def _protocol(http2: bool) -> Fields:
    chosen: Fields = {"http_protocol_options": {}}
    if http2:
        ping = {"interval": seconds(PING_SECONDS), "timeout": seconds(PONG_SECONDS)}
        chosen = {"http2_protocol_options": {"connection_keepalive": ping}}
    return typed(
        "envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
        explicit_http_config=chosen,
        common_http_protocol_options={"idle_timeout": seconds(IDLE_SECONDS)},
    )


def _check(path: str) -> Fields:
    return {
        "timeout": seconds(CHECK_SECONDS),
        "interval": seconds(CHECK_SECONDS),
        # A server that is not there yet, or no more, is asked again soon.
        "no_traffic_interval": seconds(CHECK_SECONDS),
        "unhealthy_interval": seconds(CHECK_SECONDS / 2),
        "unhealthy_threshold": FAILED_CHECKS,
        "healthy_threshold": GOOD_CHECKS,
        "http_health_check": {"path": path},
    }


def _tritons(config: EdgeConfig, port: Callable[[TritonUpstream], int]) -> Fields:
    by_priority: dict[int, list[Fields]] = {}
    for triton in config.tritons:
        endpoint = _endpoint(triton.host, port(triton), check_port=triton.http_port)
        by_priority.setdefault(triton.priority, []).append(endpoint)
    groups = [
        {"priority": priority, "lb_endpoints": group} for priority, group in sorted(by_priority.items())
    ]
    return {
        **_discovery(config.tritons[0].host),
        "load_assignment": {"cluster_name": "triton", "endpoints": groups},
    }


def _discovery(host: str) -> Fields:
    """Addresses are as they are; behind a name, every address that DNS tells is a server of its own."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return {"type": "STRICT_DNS", "dns_lookup_family": "V4_ONLY"}
    return {"type": "STATIC"}


def _endpoint(host: str, port: int, check_port: int | None = None) -> Fields:
    check = {"health_check_config": {"port_value": check_port}} if check_port else {}
    return {"endpoint": {"address": listen(host, port), **check}}


def _mutual_tls(config: EdgeConfig) -> Fields:
    name = {"san_type": "DNS", "matcher": {"exact": TRITON_NAME}}
    context = {
        "tls_certificate_sds_secret_configs": [secret_ref(config, CLIENT)],
        "combined_validation_context": {
            "default_validation_context": {"match_typed_subject_alt_names": [name]},
            "validation_context_sds_secret_config": secret_ref(config, AUTHORITY),
        },
        "alpn_protocols": ["h2"],
    }
    return {
        "name": "envoy.transport_sockets.tls",
        "typed_config": _type("tls.v3.UpstreamTlsContext", common_tls_context=context, sni=TRITON_NAME),
    }


def _type(name: str, **fields: object) -> Fields:
    return typed(f"envoy.extensions.transport_sockets.{name}", **fields)
