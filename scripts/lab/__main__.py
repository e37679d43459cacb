"""Run scenarios by hand: `python -m scripts.lab cold-start tunnel-dies=3`; what everybody said is kept."""

from __future__ import annotations

import argparse
import json
import sys

from scripts.lab.plan import make_plan, stack_settings
from scripts.lab.vm import FOLDER, LaboratoryError, available, run


def main() -> None:
    """Name scenarios in the order in which they are to happen; the first must be cold-start."""
    parser = argparse.ArgumentParser(prog="python -m scripts.lab", description=__doc__)
    parser.add_argument(
        "scenario", nargs="+", help="a name of scripts/lab/guest/scenario.py, with =REPETITIONS"
    )
    parser.add_argument("--stack", default="prod", help="whose bridge it is")
    asked = parser.parse_args()
    if missing := available():
        sys.exit(f"error: {missing}")
    parts = (each.partition("=") for each in asked.scenario)
    plan = make_plan(stack_settings(asked.stack), {name: int(count or 1) for name, _, count in parts})
    try:
        results = run(plan, FOLDER, print)
    except LaboratoryError as error:
        sys.exit(f"error: {error}")
    print(json.dumps(results, indent=1))
    print(f"next: what everybody said is in {FOLDER / 'logs'}")


if __name__ == "__main__":
    main()
