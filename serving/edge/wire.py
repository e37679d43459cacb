"""Small pieces of Envoy's configuration that its parts share; plain values, as JSON holds them."""

from __future__ import annotations

from typing import Any

__all__ = ["Fields", "listen", "seconds", "typed"]

Fields = dict[str, Any]


def typed(kind: str, **fields: Any) -> Fields:  # noqa: ANN401 - any value that JSON knows
    """A message inside an `Any`: Envoy finds its type by name."""
    return {"@type": f"type.googleapis.com/{kind}", **fields}


def seconds(number: float) -> str:
    """A duration."""
    return f"{number:g}s"


def listen(address: str, port: int) -> Fields:
    """An address of TCP."""
    return {"socket_address": {"address": address, "port_value": port}}
