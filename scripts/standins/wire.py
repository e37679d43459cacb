"""Property values as the engine sends them: plain JSON, with marks for what is secret or not yet known."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from google.protobuf import struct_pb2  # type: ignore[import-untyped]

__all__ = ["UNKNOWN", "is_asset", "is_secret", "known", "pack", "plain", "secret", "unknown", "unpack"]

# https://github.com/pulumi/pulumi/blob/master/sdk/go/common/resource/plugin/rpc.go
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
# https://github.com/pulumi/pulumi/blob/master/sdk/go/common/resource/sig/sig.go
_MARK = "4dabf18193072939515e22adb298388d"
_SECRET = "1b47061264138c4ac30d75fd1eb44270"
_ASSETS = ("c44067f5952c0a294b673a41bacd8c17", "0def7320c3a5731c473e5ecbe6d01bc7")


def unpack(struct: struct_pb2.Struct) -> dict[str, Any]:
    """The properties of a request."""
    return {key: _value(value) for key, value in struct.fields.items()}


def pack(properties: dict[str, Any]) -> struct_pb2.Struct:
    """The properties of an answer."""
    struct = struct_pb2.Struct()
    struct.update(properties)
    return struct


def secret(value: Any) -> dict[str, Any]:  # noqa: ANN401 - any property may be secret
    """Mark a value as secret; what is marked stays as it is."""
    return value if is_secret(value) else {_MARK: _SECRET, "value": value}


def is_secret(value: Any) -> bool:  # noqa: ANN401 - any property may be secret
    """Whether the engine keeps the value from everybody's eyes."""
    return isinstance(value, dict) and value.get(_MARK) == _SECRET


def is_asset(value: Any) -> bool:  # noqa: ANN401 - any property may be an asset
    """Whether the value stands for a file or an archive; its hash says which content."""
    return isinstance(value, dict) and value.get(_MARK) in _ASSETS


def plain(value: Any) -> Any:  # noqa: ANN401 - any property
    """The value without its marks of secrecy, at every depth."""
    if is_secret(value):
        return plain(value["value"])
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    return [plain(each) for each in value] if isinstance(value, list) else value


def unknown(value: Any) -> bool:  # noqa: ANN401 - any property
    """Whether any part of the value is known only after creation."""
    return any(part == UNKNOWN for part in _parts(plain(value)))


def known(value: Any) -> Any:  # noqa: ANN401 - any property
    """The value without those parts that only creation will tell."""
    if isinstance(value, dict):
        return {key: known(each) for key, each in value.items() if each != UNKNOWN}
    return [known(each) for each in value if each != UNKNOWN] if isinstance(value, list) else value


def _parts(value: Any) -> Iterator[Any]:  # noqa: ANN401 - any property
    if isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _parts(each)
    else:
        yield value


def _value(value: struct_pb2.Value) -> Any:  # noqa: ANN401 - any property
    match value.WhichOneof("kind"):
        case "struct_value":
            return unpack(value.struct_value)
        case "list_value":
            return [_value(each) for each in value.list_value.values]
        case "number_value":
            number = value.number_value
            return int(number) if number.is_integer() else number
        case "string_value":
            return value.string_value
        case "bool_value":
            return value.bool_value
    return None
