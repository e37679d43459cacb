"""`python -m scripts.review <environment>`, which scripts/preview calls after set-up."""

from __future__ import annotations

import sys

from rich.console import Console

from scripts.review.preview import preview


def main(arguments: list[str]) -> int:
    """Return the engine's exit status."""
    (environment,) = arguments
    # Lines of a tree are for scrolling, and names have brackets in them.
    return preview(environment, Console(soft_wrap=True, markup=False, highlight=False, emoji=False))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
