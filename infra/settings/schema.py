"""The JSON Schema of a stack file, for editors; generated from the settings, and checked to be current."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from infra.settings.stack import Settings

__all__ = ["SCHEMA", "schema"]

SCHEMA = Path(__file__).parents[2] / "stacks" / "settings.schema.json"


def schema() -> str:
    """What stacks/settings.schema.json must hold."""
    settings: dict[str, Any] = TypeAdapter(Settings).json_schema(by_alias=True)
    definitions = settings.pop("$defs")
    document = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A stack file of Rialto (generated: python -m infra.settings write)",
        "type": "object",
        "properties": {
            "config": {
                "type": "object",
                "properties": {"rialto:settings": settings},
                "required": ["rialto:settings"],
            }
        },
        "required": ["config"],
        "$defs": definitions,
    }
    return json.dumps(document, indent=2) + "\n"
