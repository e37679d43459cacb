"""`scripts/recover`, after set-up."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from scripts.recovery.recover import recover
from scripts.recovery.stack import RecoveryError, Stack


def _finding(text: str) -> tuple[str, str]:
    # An id may hold the sign too, a URN does not.
    urn, sign, id_ = text.partition("=")
    if not (urn and sign and id_):
        raise argparse.ArgumentTypeError(f"'{text}' is not URN=ID; give both")
    return urn, id_


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="scripts/recover")
    parser.add_argument("environment")
    parser.add_argument("--restore", type=Path, metavar="FILE")
    parser.add_argument("--found", action="append", type=_finding, default=[], metavar="URN=ID")
    parser.add_argument("--clear", action="store_true")
    chosen = parser.parse_args()
    try:
        stack = Stack(name=chosen.environment)
        print(recover(stack, restore=chosen.restore, found=dict(chosen.found), clear=chosen.clear))
    except RecoveryError as error:
        sys.exit(f"error: {error}")
