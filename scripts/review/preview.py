"""A preview of one environment, by the engine."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console

from scripts.review.credentials import VARIABLES, missing
from scripts.review.digest import Digest
from scripts.review.markdown import markdown
from scripts.review.page import page
from scripts.review.review import Review
from scripts.review.revision import checkout
from scripts.review.trial import PROJECT, PULUMI, Trial
from scripts.review.verdict import BLOCKED
from scripts.standins.server import StandIns, standins

__all__ = ["REVIEWS", "preview"]

REVIEWS = PROJECT / ".rialto" / "review"


def preview(environment: str, console: Console, against: str = "") -> int:
    """Print what `pulumi up` would change and write the review to .rialto/review.

    The exit status is the engine's, or 1 where the review says BLOCKED.

    `against` is a commit: what its program would have made takes the place of what is there.
    """
    if environment == "local" and against:
        console.print(
            "error: --against is for dev and prod; local is compared with what runs on this machine"
        )
        return 1
    clouds = [] if environment == "local" else missing(os.environ)
    if environment == "local" or not (clouds or against):
        return _show(
            environment, lambda: _on_its_stack(environment), "Compared with the stack's state.", console
        )
    names = "; ".join(f"{cloud}: no {' or '.join(VARIABLES[cloud][:2])}" for cloud in clouds)
    reason = f" ({names})" if names else ""
    now = f"what {against} would have made is there" if against else "everything is new to them"
    console.print(
        f"Stand-ins answer for the clouds{reason}: {now}, and they accept every value. "
        "They prove names, order, wiring and secrets, not that a cloud agrees.\n"
    )
    with tempfile.TemporaryDirectory(prefix="rialto-preview-") as scratch, standins() as providers:
        folder = Path(scratch)
        try:
            trial = _trial(environment, folder, providers, against, console)
        except ValueError as error:
            console.print(f"error: {error}")
            return 1
        compared = f"with {against}" if against else "with nothing: all is new"
        basis = f"Stand-ins answered, no cloud has seen this; compared {compared}."
        records = [folder / "base" / "stacks" / "releases"] if against else []
        status = _show(environment, trial.preview, basis, console, records)
    advice = " and ".join(VARIABLES[cloud][0] for cloud in clouds)
    told = (
        f"set {advice} to preview what would change in yours"
        if advice
        else "leave --against out to ask the clouds"
    )
    console.print(f"\nStand-ins answered: no cloud has seen this. next: {told}")
    return status


def _trial(environment: str, folder: Path, providers: StandIns, against: str, console: Console) -> Trial:
    """A trial stack of this clone, empty, or holding what the program of `against` makes."""
    if not against:
        return Trial.create(environment, folder / "trial", providers)
    base = Trial.create(environment, folder / "trial", providers, checkout(PROJECT, against, folder / "base"))
    with console.status(f"stand-ins make what {against} declares ..."):
        made = base.pulumi("up", "--yes", "--skip-preview", "--skip-plugin-pre-install")
    if made.returncode != 0:
        raise ValueError(f"the program of {against} fails: {(made.stdout + made.stderr).strip()[-2000:]}")
    return base.moved_to(PROJECT)


def _show(
    environment: str,
    run: Callable[[], subprocess.CompletedProcess[str]],
    basis: str,
    console: Console,
    records: Sequence[Path] = (),
) -> int:
    started = time.monotonic()
    with console.status(f"the engine runs the program for {environment} ..."):
        done = run()
    try:
        content = json.loads(done.stdout)
    except json.JSONDecodeError:
        # It failed before there was anything to preview, and says so in words.
        console.print((done.stdout + done.stderr).strip())
        return done.returncode or 1
    digest = Digest(content)
    for line in (*digest.lines(), "", *digest.problems()):
        console.print(line)
    review = Review(
        preview=_shown(content),
        stack=environment,
        today=datetime.now(UTC).date(),
        basis=basis,
        releases=[PROJECT / "stacks" / "releases", *records],
        failed=done.returncode != 0,
    )
    file = _write(review)
    found = digest.summary() if done.returncode == 0 else "the preview failed"
    seconds = time.monotonic() - started
    console.print(f"{environment}: {found} ({seconds:.0f} s)")
    console.print(f"{review.verdict.word}; review: {file.relative_to(PROJECT)}, .html and .json beside it")
    return done.returncode or int(review.verdict.word == BLOCKED)


def _shown(content: dict[str, Any]) -> dict[str, Any]:
    """The preview without the stack's own secrets: of the configuration, only the settings are kept."""
    config = content.get("config") or {}
    kept = {key: value for key, value in config.items() if key == "rialto:settings"}
    return {**content, "config": kept} if config else content


def _write(review: Review) -> Path:
    """Write the engine's JSON, the review as Markdown and the same as a page; return the Markdown's path."""
    REVIEWS.mkdir(parents=True, exist_ok=True)
    text = markdown(review)
    title = f"{review.verdict.word}: {review.stack}"
    contents = {
        "json": json.dumps(review.preview, indent=1) + "\n",
        "html": page(text, review.graph, review.verdict, title),
        "md": text,
    }
    for kind, content in contents.items():
        (REVIEWS / f"{review.stack}.{kind}").write_text(content)
    return REVIEWS / f"{review.stack}.md"


def _on_its_stack(environment: str) -> subprocess.CompletedProcess[str]:
    """Preview the stack that this shell's backend has; the salt of the local one was made for no passphrase."""
    variables = dict(os.environ)
    if environment == "local":
        variables["PULUMI_CONFIG_PASSPHRASE"] = ""
    options = ["--json", "--show-sames", "--non-interactive", "--stack", environment]
    command: list[str | Path] = [PULUMI, "preview", *options]
    return subprocess.run(command, cwd=PROJECT, env=variables, capture_output=True, text=True)
