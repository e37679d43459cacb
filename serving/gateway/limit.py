"""How much may be under way at a time, found by trying: what is right depends on machine, model and load.

Additive increase, multiplicative decrease, as TCP does it (D. Chiu, R. Jain, "Analysis of the Increase and Decrease
Algorithms for Congestion Avoidance in Computer Networks", 1989).
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["Limit"]

SHRINK = 0.8


class Limit:
    """At most `value` at a time, between `least` and `most`; it shrinks once in `settle_seconds` at most."""

    def __init__(self, least: int, most: int, settle_seconds: float) -> None:
        self._least, self._most, self._settle_seconds = least, most, settle_seconds
        self._shrunk = -settle_seconds
        self._under_way = 0
        self.value: float = most

    @property
    def full(self) -> bool:
        """Whether nobody else may begin."""
        return self._under_way >= int(self.value)

    @contextmanager
    def one(self) -> Iterator[None]:
        """Count one as under way."""
        self._under_way += 1
        try:
            yield
        finally:
            self._under_way -= 1

    def good(self) -> None:
        """One went well: a little more may be tried, once all that may be under way were well."""
        self.value = min(self._most, self.value + 1 / self.value)

    def bad(self) -> None:
        """One was too late. Those that began before the last shrinking say nothing new."""
        now = time.monotonic()
        if now - self._shrunk >= self._settle_seconds:
            self._shrunk = now
            self.value = max(self._least, self.value * SHRINK)
