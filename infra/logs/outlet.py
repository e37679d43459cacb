"""Where a cluster's logs are kept: in the private cloud's own store, or in CloudWatch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi

from infra.inference.network_policy import Egress, to_identity_agent

__all__ = ["LogOutlet", "to_cloudwatch", "to_store"]

HTTPS = 443
# A stream for each container, so that a search by pod reads little.
STREAM = "namespace,pod,container,stream"


@dataclass(frozen=True, kw_only=True)
class LogOutlet:
    """Fluent Bit's output, and the rules of what its pods may call for it."""

    output: Mapping[str, pulumi.Input[str] | int]
    egress: Sequence[Egress]


def to_store(host: str, port: int, labels: Mapping[str, str]) -> LogOutlet:
    """VictoriaLogs, whose pods have these labels (https://docs.victoriametrics.com/victorialogs/data-ingestion/fluentbit)."""
    return LogOutlet(
        output={
            "name": "http",
            "host": host,
            "port": port,
            "uri": f"/insert/jsonline?_stream_fields={STREAM}&_msg_field=log&_time_field=date",
            "format": "json_lines",
            "json_date_format": "iso8601",
            "compress": "gzip",
        },
        egress=[
            {
                "to": [{"pod_selector": {"match_labels": labels}}],
                "ports": [{"protocol": "TCP", "port": port}],
            }
        ],
    )


def to_cloudwatch(group: pulumi.Input[str], region: str, endpoints: str) -> LogOutlet:
    """A log group that is there already; `endpoints` is the range in which AWS's services answer."""
    return LogOutlet(
        output={
            "name": "cloudwatch_logs",
            "region": region,
            "log_group_name": group,
            "log_stream_prefix": "pods-",
            # It would have neither our key nor an end.
            "auto_create_group": "off",
        },
        egress=[
            {"to": [{"ip_block": {"cidr": endpoints}}], "ports": [{"protocol": "TCP", "port": HTTPS}]},
            to_identity_agent(),
        ],
    )
