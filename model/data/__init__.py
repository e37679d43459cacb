"""Data: sources to canonical tables, cleaned, tagged and split by time."""

from __future__ import annotations

from model.data.config import DataConfig
from model.data.prepare import Prepared, prepare

__all__ = ["DataConfig", "Prepared", "prepare"]
