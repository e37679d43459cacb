"""`python -m serving.edge.token`: a token for the edge of this machine, on stdout."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from serving.edge.scope import SCOPES
from serving.edge.signing import KeyRing

__all__ = ["main"]

KEYS = Path(__file__).parents[2] / ".rialto" / "local" / "keys"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the exit code is 1 if there can be no such token."""
    chosen = _parser().parse_args(arguments)
    ring = KeyRing(chosen.keys)
    try:
        if chosen.rotate:
            ring.rotate()
            print("next: scripts/up, which makes the edge believe the new key; it signs from then on")
        else:
            print(ring.token(chosen.subject, chosen.scope or SCOPES, timedelta(hours=chosen.hours)))
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m serving.edge.token", description=__doc__)
    parser.add_argument("--subject", default="shop", help="whom the edge's log and limits name (shop)")
    parser.add_argument(
        "--scope", action="append", metavar="SCOPE", help=f"{', '.join(SCOPES)} (all of them)"
    )
    parser.add_argument("--hours", type=float, default=1.0, help="how long it is good for (1)")
    parser.add_argument("--keys", type=Path, default=KEYS, help="the local stack's keys")
    parser.add_argument("--rotate", action="store_true", help="make a new signing key instead")
    return parser


if __name__ == "__main__":
    sys.exit(main())
