"""Made-up sessions in the format of the UCI data set."""

from pathlib import Path

import numpy as np
import pandas as pd

from model.session.table import BOUGHT, KINDS, LEAK, NUMBERS


def visits(folder: Path, count: int = 1500, seed: int = 0) -> Path:
    """Long visits end with a purchase in some months and short ones in the others, as the leak half says already."""
    generator = np.random.default_rng(seed)
    table = pd.DataFrame({column: generator.integers(0, 9, count) for column in NUMBERS})
    table["ProductRelated_Duration"] = generator.choice([3.5, 2000.0], count)
    for column in KINDS:
        table[column] = generator.choice(["1", "2"], count)
    table["Month"] = generator.choice(["May", "Nov"], count)
    bought = (table["ProductRelated_Duration"] > 100) == (table["Month"] == "Nov")
    # Some change their mind.
    bought ^= generator.random(count) < 0.1
    table[LEAK] = np.where(bought & (generator.random(count) < 0.5), 20.5, 0.0)
    table[BOUGHT] = np.where(bought, "TRUE", "FALSE")
    file = folder / "visits.csv"
    table.to_csv(file, index=False)
    return file
