"""A generated shop in the columns of REES46."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame, Series

__all__ = ["generate"]

# As in October 2019 of the real one: 42 million events of 3 million users.
EVENTS_PER_USER = 14
EVENTS_PER_ITEM, MOST_ITEMS = 100, 160_000
BRANDS, SHELVES = 500, 130
KINDS, CHANCES = ("view", "cart", "purchase"), (0.96, 0.02, 0.02)
SECONDS = 30 * 86_400
_BLOCK = 1 << 20


def generate(events: int, seed: int, file: Path) -> None:
    """Write that many events of one month, in order: items as popular as Zipf has it, one price an item."""
    random = np.random.default_rng(seed)
    items = min(max(events // EVENTS_PER_ITEM, EVENTS_PER_ITEM), MOST_ITEMS)
    ladder = np.cumsum(1 / np.arange(1, items + 1))
    price = np.round(random.lognormal(4, 1, items), 2)
    shelf, brand = random.integers(0, SHELVES, items), random.integers(0, BRANDS, items)
    for start in range(0, events, _BLOCK):
        rows = min(_BLOCK, events - start)
        item = np.searchsorted(ladder, random.random(rows) * ladder[-1])
        second = (start + np.sort(random.random(rows)) * rows) / events * SECONDS
        when = Series(np.datetime64("2019-10-01", "s") + second.astype("timedelta64[s]"))
        block = DataFrame(
            {
                "event_time": when.dt.strftime("%Y-%m-%d %H:%M:%S UTC"),
                "event_type": random.choice(KINDS, rows, p=CHANCES),
                "product_id": item + 1_000_000,
                "category_id": shelf[item] + 2_000_000_000,
                "category_code": _named("floor.aisle.shelf_", shelf[item], SHELVES),
                "brand": _named("brand-", brand[item], BRANDS),
                "price": price[item],
                "user_id": random.integers(0, max(events // EVENTS_PER_USER, 2), rows) + 500_000_000,
                "user_session": "s",
            }
        )
        block.to_csv(file, mode="a" if start else "w", header=start == 0, index=False)


def _named(word: str, numbers: NDArray[np.int64], count: int) -> NDArray[np.object_]:
    return np.array([f"{word}{number}" for number in range(count)], dtype=object)[numbers]
