"""A made-up shop whose customers have habits: small enough to train on in a second."""

from pathlib import Path

import numpy as np

from model.data import DataConfig
from tests.model.data.shops import row, shop

ITEMS = 40


def habits(folder: Path, users: int = 50, baskets: int = 9, seed: int = 0) -> DataConfig:
    """Every week each user buys some of three favourites and one thing at random."""
    generator = np.random.default_rng(seed)
    rows = []
    for user in range(users):
        favourites = generator.choice(ITEMS, 3, replace=False)
        for week in range(baskets):
            bought = [*favourites[generator.random(3) < 0.7].tolist(), int(generator.integers(ITEMS))]
            day = 7 * week + float(generator.uniform(0, 3))
            rows += [
                row(f"u{user}", f"i{item}", day, shelf=f"Food > Shelf {item % 4}") for item in set(bought)
            ]
    return shop(folder, rows)
