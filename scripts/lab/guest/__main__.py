"""Run the scenarios of `plan.json` in their order, and write `results.json` after each."""

from __future__ import annotations

import json
import os
import sys
import time
import traceback
from pathlib import Path
from typing import Any

from .lab import Lab
from .scenario import SCENARIOS
from .shell import say


def main(folder: Path) -> None:
    """A scenario that fails is written down too, and is the last one: what it left is unknown."""
    plan = json.loads((folder / "plan.json").read_text())
    results: dict[str, Any] = {"scenarios": {}}
    started = time.monotonic()
    lab = Lab(plan)
    say("both clouds are wired, AWS's end runs")
    try:
        name = ""
        for name, repetitions in plan["scenarios"].items():
            found = results["scenarios"].setdefault(name, [])
            for repetition in range(1, repetitions + 1):
                begun = time.monotonic()
                found.append(SCENARIOS[name](lab))
                say(f"{name} {repetition}/{repetitions} ({time.monotonic() - begun:.0f} s): {found[-1]}")
                write(folder, results)
    except Exception as error:
        say(traceback.format_exc())
        results["error"] = f"{name}: {error}"
    lab.probe.close()
    lab.capture.close()
    results["capture"] = {"counts": lab.capture.counts, "plain": lab.capture.examples}
    results["seconds"] = time.monotonic() - started
    lab.keep_logs(folder / "logs")
    write(folder, results)


def write(folder: Path, results: dict[str, Any]) -> None:
    """At once: who reads meanwhile gets the old results or the new."""
    aside = folder / "results.new"
    aside.write_text(json.dumps(results, indent=1))
    aside.replace(folder / "results.json")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
    # The machine is turned off at once; its daemons need not be stopped.
    sys.stdout.flush()
    os._exit(0)
