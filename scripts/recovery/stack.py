"""One stack of this clone, as the engine's commands see it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["PROJECT", "RecoveryError", "Stack", "said"]

PROJECT = Path(__file__).parents[2]


class RecoveryError(Exception):
    """What stands in the way, and what to do about it, in one line."""


@dataclass(frozen=True, kw_only=True)
class Stack:
    """A stack by its environment's name; `options` go to the commands that run the program or a provider."""

    name: str
    folder: Path = PROJECT
    variables: Mapping[str, str] | None = None
    options: tuple[str, ...] = ()

    def ask(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run one command of the engine, as nobody's terminal; what it said is in `stdout`."""
        options = self.options if arguments[0] in {"refresh", "up", "destroy"} else ()
        program = PROJECT / ".rialto" / "bin" / "pulumi"
        return subprocess.run(
            [program, *arguments, "--stack", self.name, *options, "--non-interactive", "--color", "never"],
            cwd=self.folder,
            env=self.variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def require(self, *arguments: str) -> str:
        """Run one command that must succeed; return what it said."""
        done = self.ask(*arguments)
        if done.returncode != 0:
            raise RecoveryError(f"pulumi {arguments[0]} of {self.name} failed: {said(done)}")
        return done.stdout

    def export(self) -> dict[str, Any]:
        """The state as it is kept, secrets encrypted."""
        done = self.ask("stack", "export")
        if done.returncode != 0:
            raise RecoveryError(
                f"the state of {self.name} cannot be read: {said(done)}; run scripts/recover {self.name}"
            )
        exported: dict[str, Any] = json.loads(done.stdout)
        return exported


def said(done: subprocess.CompletedProcess[str]) -> str:
    """The engine's own words for what went wrong, in one line."""
    lines = [line.strip() for line in done.stdout.splitlines() if line.strip()]
    errors = [line.removeprefix("error: ") for line in lines if "error: " in line]
    return (errors or lines or ["it said nothing"])[0]
