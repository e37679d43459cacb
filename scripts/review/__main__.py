"""`python -m scripts.review <environment> [option ...]`, which scripts/preview calls after set-up."""

from __future__ import annotations

import argparse
import json
import sys
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from scripts.review.architecture import sketch
from scripts.review.change import after
from scripts.review.picture import picture
from scripts.review.preview import REVIEWS, preview


def main(arguments: list[str]) -> int:
    """Return the engine's exit status."""
    parser = argparse.ArgumentParser(prog="scripts/preview")
    parser.add_argument("environment")
    parser.add_argument("--against", default="", metavar="REVISION")
    parser.add_argument("--picture", type=Path, metavar="FILE")
    chosen = parser.parse_args(arguments)
    if chosen.picture and chosen.environment == "local":
        parser.error("--picture draws dev or prod; local is one machine")
    # Lines of a tree are for scrolling, and names have brackets in them.
    console = Console(soft_wrap=True, markup=False, highlight=False, emoji=False)
    status = preview(chosen.environment, console, chosen.against)
    if chosen.picture and status == 0:
        chosen.picture.write_text(drawn(chosen.environment))
        console.print(f"the picture is in {chosen.picture}")
    return status


def drawn(environment: str) -> str:
    """The architecture that the last preview of a hybrid stack holds."""
    content = json.loads((REVIEWS / f"{environment}.json").read_text())
    estate = after(content, environment, datetime.now(UTC).date())
    return picture(sketch(estate.resources), environment)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
