"""Histories as arrays, and the training batches cut from them.

U = users, E = events, B = sequences, T = events of history, Q = request times, P = positives of a request
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from model.config import TrainConfig

__all__ = ["Batch", "Batches", "Histories", "Request", "requests"]


@dataclass(frozen=True)
class Histories:
    """Events of all users in order; user u owns rows offsets[u]:offsets[u + 1]."""

    items_E: NDArray[np.int64]
    days_E: NDArray[np.float64]
    baskets_E: NDArray[np.int64]
    offsets_U: NDArray[np.int64]

    @classmethod
    def of(cls, events: pd.DataFrame) -> Self:
        """Take the events of a `Prepared` (sorted by user and time); items outside the catalogue are left out."""
        events = events[events["item_index"] != 0]
        users = int(events["user_index"].max()) + 1 if len(events) else 0
        counts = np.bincount(events["user_index"], minlength=users)
        return cls(
            events["item_index"].to_numpy(np.int64),
            events["day"].to_numpy(np.float64),
            events["basket"].to_numpy(np.int64),
            np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        )

    def popularity(self, catalogue: int) -> NDArray[np.float64]:
        """Each index's share [V+1] of all events."""
        return np.bincount(self.items_E, minlength=catalogue + 1) / max(1, len(self.items_E))


@dataclass(frozen=True)
class Request:
    """One held-out basket: who, when, what came before, and what was bought.

    `items` may hold 0 for items outside the catalogue: nobody can hit them, so they count as missed.
    """

    user: int
    day: float
    history_ids: NDArray[np.int64]
    history_ages: NDArray[np.float32]
    items: NDArray[np.int64]


def requests(events: pd.DataFrame, part: str, max_history: int) -> list[Request]:
    """The held-out baskets of `part`, each with the newest `max_history` events before it."""
    user_E = events["user_index"].to_numpy(np.int64)
    item_E = events["item_index"].to_numpy(np.int64)
    day_E = events["day"].to_numpy(np.float64)
    held_E = (events["part"] == part).to_numpy()
    rows = np.flatnonzero(held_E)
    if not len(rows):
        return []
    found = []
    for held in np.split(rows, np.flatnonzero(np.diff(user_E[rows])) + 1):
        start = int(np.searchsorted(user_E, user_E[held[0]]))
        before = np.arange(start, held[0])
        before = before[item_E[before] != 0][-max_history:]
        day = float(day_E[held[0]])
        ages = (day - day_E[before]).astype(np.float32)
        found.append(Request(int(user_E[held[0]]), day, item_E[before], ages, item_E[held]))
    return found


@dataclass(frozen=True)
class Batch:
    """Windows of history and the requests inside them.

    ids_BT, days_BT: the window, front-padded with 0. newest_BQ: position of the newest event before each
    request. day_BQ: when the request happens. positives_BQP: what was bought then, 0 = no more.
    """

    ids_BT: Tensor
    days_BT: Tensor
    newest_BQ: Tensor
    day_BQ: Tensor
    positives_BQP: Tensor

    def to(self, device: torch.device) -> Batch:
        """The same batch on `device`."""
        return Batch(*(tensor.to(device, non_blocking=True) for tensor in vars(self).values()))


class Batches:
    """Cuts every user's events into windows; each epoch starts them elsewhere and draws other requests.

    A window ends where a basket begins, and that basket is its last request: there the encoder stands exactly
    as it will when it serves.
    """

    def __init__(self, histories: Histories, config: TrainConfig) -> None:
        self.histories = histories
        self.config = config
        opens = np.flatnonzero(np.diff(histories.baskets_E, prepend=-1) != 0)
        opens = np.union1d(opens, histories.offsets_U[:-1][np.diff(histories.offsets_U) > 0])
        first_U = np.searchsorted(opens, histories.offsets_U)
        # Per user: where each basket but the first begins, and where the last one ends; the user's first event is 0.
        self.starts_U = [
            np.append(opens[first + 1 : last], end) - begin
            for first, last, begin, end in zip(
                first_U[:-1], first_U[1:], histories.offsets_U[:-1], histories.offsets_U[1:], strict=True
            )
        ]

    def windows(self, generator: np.random.Generator) -> NDArray[np.int64]:
        """(user, end) rows [W, 2], shuffled: together they ask for every basket that has a history."""
        stride = self.config.model.context
        found = []
        for user, starts in enumerate(self.starts_U):
            begins = starts[:-1]
            if not len(begins):
                continue
            grid = np.arange(begins[-1] - int(generator.integers(stride)), 0, -stride)
            places = np.searchsorted(begins, grid, "right") - 1
            ends = np.unique(np.append(begins[places[places >= 0]], begins[-1]))
            found.append(np.stack([np.full(len(ends), user), ends], 1))
        return generator.permutation(np.concatenate(found))

    def steps(self) -> int:
        """Batches in an epoch of `windows_per_epoch` windows, or of about all windows."""
        every = len(self.windows(np.random.default_rng(0)))
        return -(-min(every, self.config.windows_per_epoch or every) // self.config.batch_size)

    def epoch(self, seed: int, rank: int = 0, ranks: int = 1) -> Iterator[Batch]:
        """The batches of one epoch; every rank gets its share of each global batch."""
        generator = np.random.default_rng(seed)
        windows = self.windows(generator)[: self.config.windows_per_epoch or None]
        windows = windows[: len(windows) - len(windows) % ranks]
        for number, some in enumerate(self._alike(windows, generator)):
            batch = self.batch(some, np.random.default_rng((seed, number)))
            yield Batch(*(tensor[rank::ranks] for tensor in vars(batch).values()))

    def _alike(self, windows: NDArray[np.int64], generator: np.random.Generator) -> list[NDArray[np.int64]]:
        """Batches in random order, of windows of like length where the recipe pools several batches."""
        size, pooled = self.config.batch_size, self.config.batch_size * self.config.pooled_batches
        lengths = np.minimum(windows[:, 1], self.config.model.max_history)
        batches = []
        for start in range(0, len(windows), pooled):
            pool = start + np.argsort(lengths[start : start + pooled], kind="stable")
            batches += [windows[pool[first : first + size]] for first in range(0, len(pool), size)]
        return [batches[place] for place in generator.permutation(len(batches))]

    def batch(self, windows: NDArray[np.int64], generator: np.random.Generator) -> Batch:
        """Fill one batch; windows [B, 2] are (user, end)."""
        c = self.config
        B, Q, P = len(windows), c.requests_per_sequence, c.positives_per_request
        T = min(c.model.max_history, int(windows[:, 1].max()))
        ids_BT = np.zeros((B, T), np.int64)
        days_BT = np.zeros((B, T))
        newest_BQ = np.zeros((B, Q), np.int64)
        day_BQ = np.zeros((B, Q))
        positives_BQP = np.zeros((B, Q, P), np.int64)
        for b, (user, end) in enumerate(windows):
            offset = int(self.histories.offsets_U[user])
            items, days = self.histories.items_E[offset:], self.histories.days_E[offset:]
            seen = slice(max(0, int(end) - T), int(end))
            ids_BT[b, T - (seen.stop - seen.start) :] = items[seen]
            # Days count from the window's newest event: float32 would lose minutes on large day numbers.
            days_BT[b] = days[seen.start] - days[end - 1]
            days_BT[b, T - (seen.stop - seen.start) :] = days[seen] - days[end - 1]
            for q, (begin, stop) in enumerate(self._requests(int(user), int(end), generator)):
                bought = items[begin:stop]
                if len(bought) > P:
                    bought = generator.choice(bought, P, replace=False)
                newest_BQ[b, q] = T - (end - begin) - 1
                day_BQ[b, q] = days[begin] - days[end - 1]
                positives_BQP[b, q, : len(bought)] = bought
        return Batch(
            torch.from_numpy(ids_BT),
            torch.from_numpy(days_BT.astype(np.float32)),
            torch.from_numpy(newest_BQ),
            torch.from_numpy(day_BQ.astype(np.float32)),
            torch.from_numpy(positives_BQP),
        )

    def _requests(self, user: int, end: int, generator: np.random.Generator) -> list[tuple[int, int]]:
        """(begin, stop) of the baskets asked for: the one at `end`, and some of those the encoder read."""
        starts = self.starts_U[user]
        last = int(np.searchsorted(starts, end))
        first = int(np.searchsorted(starts, end - self.config.model.context, "right"))
        inside = np.arange(first, last)
        if len(inside) > self.config.requests_per_sequence - 1:
            inside = np.sort(generator.choice(inside, self.config.requests_per_sequence - 1, replace=False))
        return [(int(starts[place]), int(starts[place + 1])) for place in (*inside, last)]
