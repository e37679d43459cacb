"""Runs the commands of set-up: their words go to a log, their failures become one line."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from scripts.setup.failure import SetupError, explanation
from scripts.setup.progress import Progress, Step

__all__ = ["Shell"]


@dataclass(frozen=True)
class Shell:
    """What the commands of one set-up share.

    `locks` are file descriptors that every command inherits: if set-up is killed, its locks hold until the
    command it had started has ended too, so that the next set-up never writes beside it.
    """

    log: Path
    progress: Progress
    locks: tuple[int, ...] = ()

    def holding(self, lock: int) -> Shell:
        """The same shell with one more lock for its commands to inherit."""
        return replace(self, locks=(*self.locks, lock))

    def run(
        self,
        step: Step,
        command: Sequence[str | Path],
        *,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        what: str = "",
    ) -> str:
        """The output of a command, both streams, shown live in `step`; SetupError if it fails."""
        words = [str(word) for word in command]
        heard: list[str] = []
        with self.log.open("a") as log:
            log.write(f"$ {' '.join(words)}\n")
            try:
                process = subprocess.Popen(
                    words,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    text=True,
                    errors="replace",
                    env=env,
                    cwd=cwd,
                    pass_fds=self.locks,
                )
            except OSError as error:
                raise SetupError(f"{words[0]} cannot be run: {error.strerror}") from error
            with process:
                assert process.stdout is not None
                for line in process.stdout:
                    heard.append(line)
                    log.write(line)
                    step.hear(line)
        output = "".join(heard)
        if process.returncode != 0:
            raise SetupError(explanation(what or Path(words[0]).name, output, self.log))
        return output
