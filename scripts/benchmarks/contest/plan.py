"""How much is measured, and how long that takes."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

__all__ = ["FULL", "P99_LIMIT_MS", "P99_REQUESTS", "SHORT", "START_SECONDS", "Plan"]

P99_LIMIT_MS = 50.0
# Fewer requests leave a p99 to a handful of them.
P99_REQUESTS = 10_000
SERVERS = 3
# Opening the release and starting five processes, three of which import PyTorch or pandas.
START_SECONDS = 12.0


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Rounds in which each contender has its turn; times are for one turn.

    `levels` are the concurrencies of the closed loop, raised until the p99 passes its limit. A Poisson turn
    takes `poisson_seconds`, or more, up to `longest_poisson_seconds`, if the rounds would otherwise not reach
    `P99_REQUESTS` in all.
    """

    rounds: int
    levels: tuple[int, ...]
    warmup_seconds: float
    window_seconds: float
    poisson_seconds: float
    longest_poisson_seconds: float

    def poisson_requests(self, rate: float) -> int:
        """How many requests a Poisson turn sends at `rate` a second."""
        enough = P99_REQUESTS / self.rounds / rate
        return ceil(rate * min(max(self.poisson_seconds, enough), self.longest_poisson_seconds))

    @property
    def seconds(self) -> float:
        """The whole run at most, if every level is reached and no Poisson turn is longer than planned."""
        window = self.warmup_seconds + self.window_seconds
        turn = len(self.levels) * window + self.poisson_seconds
        return START_SECONDS + self.rounds * (SERVERS * turn + window)


FULL = Plan(
    rounds=3,
    levels=(1, 2, 4, 8, 16, 32, 64),
    warmup_seconds=0.5,
    window_seconds=3.0,
    poisson_seconds=24.0,
    longest_poisson_seconds=36.0,
)
SHORT = Plan(
    rounds=3,
    levels=(1, 4, 16),
    warmup_seconds=0.15,
    window_seconds=0.5,
    poisson_seconds=1.2,
    longest_poisson_seconds=1.2,
)
