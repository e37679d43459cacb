"""`python -m scripts.review <environment> [--against REVISION]`, which scripts/preview calls after set-up."""

from __future__ import annotations

import argparse
import sys

from rich.console import Console

from scripts.review.preview import preview


def main(arguments: list[str]) -> int:
    """Return the engine's exit status."""
    parser = argparse.ArgumentParser(prog="scripts/preview")
    parser.add_argument("environment")
    parser.add_argument("--against", default="", metavar="REVISION")
    chosen = parser.parse_args(arguments)
    # Lines of a tree are for scrolling, and names have brackets in them.
    console = Console(soft_wrap=True, markup=False, highlight=False, emoji=False)
    return preview(chosen.environment, console, chosen.against)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
