"""Callers who go on in a thread, batch after batch, while something else happens."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event

import numpy as np
from numpy.typing import NDArray

from scripts.benchmarks.load.job import Tally
from scripts.benchmarks.load.process import LoadProcess
from scripts.benchmarks.load.target import Target

__all__ = ["CONNECTIONS", "Callers", "asking"]

# An edge always lets in so many (serving/edge/filter.py): nobody is refused for a crowd.
CONNECTIONS = 4
POLL_SECONDS = 0.05


class Callers:
    """What callers were answered so far, in the rows of `Tally`."""

    def __init__(self, load: LoadProcess, target: Target, batch: int) -> None:
        self._load, self._target = load, target
        self._job = Tally(requests=batch, connections=CONNECTIONS)
        self._batches: list[NDArray[np.float64]] = []

    @property
    def asked(self) -> int:
        """How many requests, in whole batches."""
        return sum(len(batch) for batch in self._batches)

    @property
    def rows(self) -> NDArray[np.float64]:
        """Every request of every batch."""
        return np.concatenate(self._batches)

    def ask(self) -> None:
        """One batch more; ServerError if nobody lets callers in."""
        self._batches.append(self._load.run(self._target, self._job))

    def middle(self) -> None:
        """Sleep about half as long as the last batch took: then requests of the next one are under way."""
        begin, took, _ = self._batches[-1].T
        time.sleep(float((begin + took).max() - begin.min()) / 2)


@contextmanager
def asking(callers: Callers) -> Iterator[Callable[[float], None]]:
    """Have them ask for as long as the block runs; it gets a way to wait until so many requests were asked."""
    enough = Event()

    def go_on() -> None:
        while not enough.is_set():
            callers.ask()

    with ThreadPoolExecutor(1) as thread:
        future = thread.submit(go_on)

        def until(asked: float) -> None:
            while callers.asked < asked:
                if future.done():
                    future.result()
                time.sleep(POLL_SECONDS)

        try:
            yield until
        finally:
            enough.set()
        future.result()
