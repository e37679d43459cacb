"""One line of progress for each step, with the seconds it took."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

__all__ = ["Progress", "Step"]

_TICK_SECONDS = 1.0
_ERASE = "\r\x1b[K"


class Step:
    """A step under way; `hear` takes what its commands print, for the live line of a terminal.

    `outcome` is what its last line says if it raises nothing.
    """

    def __init__(self, title: str) -> None:
        self.title = title
        self.detail = ""
        self.outcome = "done"
        self._start = time.monotonic()

    def hear(self, line: str) -> None:
        """Remember the newest line, to be shown at the next tick."""
        self.detail = line.strip()

    @property
    def seconds(self) -> float:
        """How long the step has taken so far."""
        return time.monotonic() - self._start


class Progress:
    """Prints steps to a stream: a live line on a terminal, one line at each start and end elsewhere."""

    def __init__(self, stream: TextIO) -> None:
        self.steps = 0
        self._stream = stream
        self._live = stream.isatty()

    def say(self, line: str) -> None:
        """Print one line that belongs to no step."""
        self._write(f"{line}\n")

    @contextmanager
    def step(self, title: str) -> Iterator[Step]:
        """Show that a step runs, and how long it took once it ended well."""
        self.steps += 1
        step = Step(title)
        self._write(f"[set-up] {title} ..." + ("" if self._live else "\n"))
        ended = threading.Event()
        ticker = threading.Thread(target=self._tick, args=(step, ended), daemon=True)
        if self._live:
            ticker.start()
        outcome = "interrupted"
        try:
            yield step
            outcome = step.outcome
        except Exception:
            outcome = "failed"
            raise
        finally:
            ended.set()
            if self._live:
                ticker.join()
            erase = _ERASE if self._live else ""
            self._write(f"{erase}[set-up] {title}: {outcome}, {step.seconds:.1f} s\n")

    def _tick(self, step: Step, ended: threading.Event) -> None:
        while not ended.wait(_TICK_SECONDS):
            line = f"[set-up] {step.title} ... {step.seconds:.0f} s  {step.detail}"
            self._write(_ERASE + line[: shutil.get_terminal_size().columns - 1])

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()
