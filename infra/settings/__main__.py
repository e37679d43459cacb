"""`check` that stacks/settings.schema.json is current, or `write` it."""

from __future__ import annotations

import sys

from infra.settings.schema import SCHEMA, schema


def main(arguments: list[str]) -> int:
    """Return the exit status."""
    if arguments == ["write"]:
        SCHEMA.write_text(schema())
        return 0
    if arguments == ["check"]:
        if SCHEMA.is_file() and SCHEMA.read_text() == schema():
            return 0
        print(f"error: {SCHEMA.name} is out of date; run `python -m infra.settings write`", file=sys.stderr)
        return 1
    print("error: usage: python -m infra.settings check|write", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
