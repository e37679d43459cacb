"""One line of JSON for each request, refused ones too: who asked for what and what came of it.

No token, no body, and of a path only what stands before the question mark, since a query names a shopper.
"""

from __future__ import annotations

from serving.edge.guard import CLAIMS, JWT
from serving.edge.wire import Fields, typed

__all__ = ["access_log"]

# https://www.envoyproxy.io/docs/envoy/latest/configuration/observability/access_log/usage
LINE = {
    "time": "%START_TIME%",
    "request_id": "%REQ(X-REQUEST-ID)%",
    "method": "%REQ(:METHOD)%",
    "path": "%PATH(NQ)%",
    "protocol": "%PROTOCOL%",
    "status": "%RESPONSE_CODE%",
    "grpc_status": "%GRPC_STATUS(SNAKE_STRING)%",
    "reason": "%RESPONSE_CODE_DETAILS%",
    "flags": "%RESPONSE_FLAGS%",
    "tries": "%UPSTREAM_REQUEST_ATTEMPT_COUNT%",
    "duration_ms": "%DURATION%",
    "received": "%BYTES_RECEIVED%",
    "sent": "%BYTES_SENT%",
    "client": "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%",
    "subject": f"%DYNAMIC_METADATA({JWT}:{CLAIMS}:sub)%",
    "upstream": "%UPSTREAM_HOST%",
}


def access_log(path: str) -> Fields:
    """A log in a file; /dev/stdout is one."""
    return {
        "name": "envoy.access_loggers.file",
        "typed_config": typed(
            "envoy.extensions.access_loggers.file.v3.FileAccessLog",
            path=path,
            log_format={"json_format": LINE, "omit_empty_values": True},
        ),
    }
