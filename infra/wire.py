"""Between Pulumi's wire, which has only one kind of number, and code that counts."""

from __future__ import annotations

from typing import Any

__all__ = ["whole"]


def whole(value: Any) -> Any:  # noqa: ANN401 - any value that JSON knows
    """Make the integers integers again that came as doubles, at any depth."""
    match value:
        case float() if value.is_integer():
            return int(value)
        case dict():
            return {key: whole(each) for key, each in value.items()}
        case list():
            return [whole(each) for each in value]
    return value
