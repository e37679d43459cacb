"""Where the edge listens: for callers from outside, for the gateway beside it, and for whoever watches it."""

from __future__ import annotations

from typing import Any

from serving.edge.access_log import access_log
from serving.edge.cluster import ADMIN, READY_PATH, TRITON_HTTP
from serving.edge.config import EdgeConfig
from serving.edge.filter import inside_filters, outside_filters
from serving.edge.guard import CALLER_HEADERS
from serving.edge.route import inside_routes, outside_routes
from serving.edge.secret import SERVER, secret_ref
from serving.edge.wire import Fields, listen, seconds, typed

__all__ = ["listeners"]

LOOPBACK = "127.0.0.1"
MANAGER = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
HEADER_MUTATION = "envoy.http.early_header_mutation.header_mutation"

# Of documentation (https://www.rfc-editor.org/rfc/rfc5737): an address that no caller has.
NOBODYS_ADDRESS = {"address_prefix": "192.0.2.1", "prefix_len": 32}
SILENT_SECONDS = 20
IDLE_SECONDS = 60
STREAMS = 128
# Of one stream and of one connection; a slow reader keeps no more than this in our memory.
WINDOW_BYTES = 256 << 10
CONNECTION_WINDOW_BYTES = 1 << 20
RETRY_AFTER_SECONDS = 1
# https://datatracker.ietf.org/doc/html/rfc6797: a year.
STRICT_TRANSPORT = "max-age=31536000"


def listeners(config: EdgeConfig) -> list[Fields]:
    """All of them."""
    outside = [_outside(config)] if config.outside else []
    return [*outside, _inside(config), _status(config)]


def _outside(config: EdgeConfig) -> Fields:
    manager = _manager(
        config,
        "outside",
        outside_routes(config),
        http_filters=outside_filters(config),
        # No address is trusted more than another: x-envoy-* headers of callers are removed. An empty list would not say
        # so, but mean all private addresses.
        use_remote_address=True,
        internal_address_config={"cidr_ranges": [NOBODYS_ADDRESS]},
        early_header_mutation_extensions=[_remove_caller_headers()],
    )
    chain = {
        "filters": [_network("http_connection_manager", manager)],
        "transport_socket": _tls(config),
        "transport_socket_connect_timeout": seconds(config.limits.handshake_seconds),
    }
    return {
        "name": "outside",
        "address": listen(config.address, config.port),
        "filter_chains": [chain],
        "per_connection_buffer_limit_bytes": config.limits.body_bytes,
    }


def _inside(config: EdgeConfig) -> Fields:
    manager = _manager(config, "inside", inside_routes(), http_filters=inside_filters(config))
    return _plain("inside", listen(LOOPBACK, config.inside_port), manager)


def _status(config: EdgeConfig) -> Fields:
    """Of Envoy's administration only what reads, and whether this edge can get an answer out of Triton."""
    paths = {"/ready": ADMIN, "/stats/prometheus": ADMIN, READY_PATH: TRITON_HTTP}
    get = [{"name": ":method", "string_match": {"exact": "GET"}}]
    routes = [
        {"match": {"path": path, "headers": get}, "route": {"cluster": cluster}}
        for path, cluster in paths.items()
    ]
    router = {
        "name": "envoy.filters.http.router",
        "typed_config": typed("envoy.extensions.filters.http.router.v3.Router"),
    }
    manager = typed(
        MANAGER,
        stat_prefix="status",
        http_filters=[router],
        route_config={"virtual_hosts": [{"name": "status", "domains": ["*"], "routes": routes}]},
    )
    return _plain("status", listen(config.metrics_address, config.metrics_port), manager)


def _plain(name: str, address: Fields, manager: Fields) -> Fields:
    chain = {"filters": [_network("http_connection_manager", manager)]}
    # Watching must go on when callers have taken all connections.
    return {"name": name, "address": address, "filter_chains": [chain], "ignore_global_conn_limit": True}


def _network(name: str, config: Fields) -> Fields:
    return {"name": f"envoy.filters.network.{name}", "typed_config": config}


def _manager(config: EdgeConfig, name: str, routes: list[Fields], **more: Any) -> Fields:  # noqa: ANN401 - fields
    limits = config.limits
    return typed(
        MANAGER,
        stat_prefix=name,
        route_config={"name": name, "virtual_hosts": [_host(name, routes)]},
        access_log=[access_log(config.access_log)],
        server_name="rialto",
        normalize_path=True,
        merge_slashes=True,
        path_with_escaped_slashes_action="REJECT_REQUEST",
        max_request_headers_kb=limits.header_kib,
        common_http_protocol_options={
            "max_headers_count": limits.headers,
            "idle_timeout": seconds(IDLE_SECONDS),
            "headers_with_underscores_action": "REJECT_REQUEST",
        },
        http2_protocol_options={
            "max_concurrent_streams": STREAMS,
            "initial_stream_window_size": WINDOW_BYTES,
            "initial_connection_window_size": CONNECTION_WINDOW_BYTES,
        },
        request_headers_timeout=seconds(limits.header_seconds),
        request_timeout=seconds(limits.request_seconds),
        stream_idle_timeout=seconds(SILENT_SECONDS),
        local_reply_config=_own_answers(),
        **more,
    )


def _host(name: str, routes: list[Fields]) -> Fields:
    headers = {"strict-transport-security": STRICT_TRANSPORT, "x-content-type-options": "nosniff"}
    return {
        "name": name,
        "domains": ["*"],
        "routes": routes,
        # The token ends here, also where none was asked for.
        "request_headers_to_remove": ["authorization"],
        "response_headers_to_add": [
            {"header": {"key": key, "value": value}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}
            for key, value in headers.items()
        ],
    }


def _own_answers() -> Fields:
    """What Envoy says itself has the shape of what Triton says, and tells when to come again."""
    error = {"error": "%LOCAL_REPLY_BODY%", "reason": "%RESPONSE_CODE_DETAILS%"}
    busy = {"comparison": {"op": "EQ", "value": {"default_value": 503, "runtime_key": "edge.busy"}}}
    come_again = {
        "filter": {"status_code_filter": busy},
        "headers_to_add": [{"header": {"key": "retry-after", "value": str(RETRY_AFTER_SECONDS)}}],
    }
    return {
        "mappers": [come_again],
        "body_format": {"json_format": error, "content_type": "application/json"},
    }


def _remove_caller_headers() -> Fields:
    mutation = typed(
        "envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation",
        mutations=[{"remove": header} for header in CALLER_HEADERS],
    )
    return {"name": HEADER_MUTATION, "typed_config": mutation}


def _tls(config: EdgeConfig) -> Fields:
    context = {
        "tls_certificate_sds_secret_configs": [secret_ref(config, SERVER)],
        "tls_params": {"tls_minimum_protocol_version": "TLSv1_2"},
        "alpn_protocols": ["h2", "http/1.1"],
    }
    return {
        "name": "envoy.transport_sockets.tls",
        "typed_config": typed(
            "envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext", common_tls_context=context
        ),
    }
