"""A made-up file in S3-Rec's text format."""

import json
from pathlib import Path

import numpy as np


def lists(folder: Path, users: int = 40) -> Path:
    """Item lists in which every item is followed by the next one, with attributes."""
    generator = np.random.default_rng(0)
    starts = generator.integers(0, 30, users)
    lines = [
        f"{user} " + " ".join(str((start + step) % 30) for step in range(8))
        for user, start in enumerate(starts)
    ]
    file = folder / "toys.txt"
    file.write_text("\n".join(lines) + "\n")
    (folder / "toys_item2attributes.json").write_text(
        json.dumps({str(item): [item % 5] for item in range(30)})
    )
    return file
