"""`scripts/recover`, after set-up."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from scripts.recovery.recover import recover
from scripts.recovery.stack import RecoveryError, Stack

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="scripts/recover")
    parser.add_argument("environment")
    parser.add_argument("--restore", type=Path, metavar="FILE")
    parser.add_argument("--found", action="append", default=[], metavar="URN=ID")
    parser.add_argument("--clear", action="store_true")
    chosen = parser.parse_args()
    try:
        # An id may hold the sign too, a URN does not.
        found = dict(each.split("=", 1) for each in chosen.found if "=" in each)
        stack = Stack(name=chosen.environment)
        print(recover(stack, restore=chosen.restore, found=found, clear=chosen.clear))
    except RecoveryError as error:
        sys.exit(f"error: {error}")
