"""Makes models smaller; every stage has a gate."""

from __future__ import annotations

from model.compress.quantize import quantize

__all__ = ["quantize"]
