"""A preview of one environment, by the engine."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from scripts.review.credentials import VARIABLES, missing
from scripts.review.digest import Digest
from scripts.review.trial import PROJECT, PULUMI, Trial
from scripts.standins.server import standins

__all__ = ["preview"]

REVIEWS = PROJECT / ".rialto" / "review"


def preview(environment: str, console: Console) -> int:
    """Print what `pulumi up` would change, write .rialto/review/<environment>.json; the engine's exit status."""
    clouds = [] if environment == "local" else missing(os.environ)
    if not clouds:
        return _show(environment, lambda: _on_its_stack(environment), console)
    names = "; ".join(f"{cloud}: no {' or '.join(VARIABLES[cloud][:2])}" for cloud in clouds)
    console.print(
        f"Stand-ins answer for the clouds ({names}): everything is new to them, and they accept every value. "
        "They prove names, order, wiring and secrets, not that a cloud agrees.\n"
    )
    with tempfile.TemporaryDirectory(prefix="rialto-preview-") as folder, standins() as providers:
        trial = Trial.create(environment, Path(folder) / "trial", providers)
        status = _show(environment, trial.preview, console)
    advice = " and ".join(VARIABLES[cloud][0] for cloud in clouds)
    console.print(
        f"\nStand-ins answered: no cloud has seen this. next: set {advice} to preview what would change in yours"
    )
    return status


def _show(environment: str, run: Callable[[], subprocess.CompletedProcess[str]], console: Console) -> int:
    started = time.monotonic()
    with console.status(f"the engine runs the program for {environment} ..."):
        done = run()
    try:
        digest = Digest(json.loads(done.stdout))
    except json.JSONDecodeError:
        # It failed before there was anything to preview, and says so in words.
        console.print((done.stdout + done.stderr).strip())
        return done.returncode or 1
    file = REVIEWS / f"{environment}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(done.stdout)
    for line in (*digest.lines(), "", *digest.problems()):
        console.print(line)
    found = digest.summary() if done.returncode == 0 else "the preview failed"
    seconds = time.monotonic() - started
    console.print(f"{environment}: {found} ({seconds:.0f} s); details: {file.relative_to(PROJECT)}")
    return done.returncode


def _on_its_stack(environment: str) -> subprocess.CompletedProcess[str]:
    """Preview the stack that this shell's backend has; the salt of the local one was made for no passphrase."""
    variables = dict(os.environ)
    if environment == "local":
        variables["PULUMI_CONFIG_PASSPHRASE"] = ""
    command: list[str | Path] = [PULUMI, "preview", "--json", "--non-interactive", "--stack", environment]
    return subprocess.run(command, cwd=PROJECT, env=variables, capture_output=True, text=True)
