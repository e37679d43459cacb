"""The dated price file."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Self

__all__ = ["HOURS_PER_MONTH", "Prices"]

# 365 days x 24 hours / 12 months, as AWS's own calculator counts.
HOURS_PER_MONTH = 730
FILE = Path(__file__).with_name("prices.toml")


@dataclass(frozen=True, kw_only=True)
class Prices:
    """US dollars by the unit in each name; what is not in the file has no price here."""

    region: str
    read: date
    instance_hour: dict[str, float]
    cluster_hour: dict[str, float]
    endpoint_hour: dict[str, float]
    volume_gib_month: dict[str, float]

    @classmethod
    def load(cls, file: Path = FILE) -> Self:
        """Read the file."""
        return cls(**{key.replace("-", "_"): value for key, value in tomllib.loads(file.read_text()).items()})
