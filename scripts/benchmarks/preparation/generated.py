"""A generated shop in the columns of REES46."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow
import pyarrow.compute
import pyarrow.csv

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
    shelves = pyarrow.array([f"floor.aisle.shelf_{number}" for number in range(SHELVES)])
    brands = pyarrow.array([f"brand-{number}" for number in range(BRANDS)])
    with file.open("wb") as out:
        for start in range(0, events, _BLOCK):
            rows = min(_BLOCK, events - start)
            item = np.searchsorted(ladder, random.random(rows) * ladder[-1])
            second = (start + np.sort(random.random(rows)) * rows) / events * SECONDS
            when = np.datetime64("2019-10-01", "s") + second.astype("timedelta64[s]")
            block = pyarrow.table(
                {
                    "event_time": pyarrow.compute.strftime(when, format="%Y-%m-%d %H:%M:%S UTC"),
                    "event_type": pyarrow.array(KINDS).take(random.choice(len(KINDS), rows, p=CHANCES)),
                    "product_id": item + 1_000_000,
                    "category_id": shelf[item] + 2_000_000_000,
                    "category_code": shelves.take(shelf[item]),
                    "brand": brands.take(brand[item]),
                    "price": price[item],
                    "user_id": random.integers(0, max(events // EVENTS_PER_USER, 2), rows) + 500_000_000,
                    "user_session": pyarrow.repeat("s", rows),
                }
            )
            pyarrow.csv.write_csv(
                block, out, pyarrow.csv.WriteOptions(include_header=start == 0, quoting_style="none")
            )
