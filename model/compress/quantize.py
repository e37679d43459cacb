"""INT8 for a release: weights quantized ahead, activations as they come."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from model.artifact import GateError
from model.compress.precision import int8_dynamic

__all__ = ["MIN_KEPT_SHARE", "quantize"]

# What int8 may cost: under a hundredth of the ranking quality, measured on validation.
MIN_KEPT_SHARE = 0.99


def quantize(source: Path, out: Path, quality: Callable[[Path], float]) -> tuple[float, float]:
    """Write int8 copies of the graphs in `source` to `out`; return NDCG@10 on validation before and after.

    `quality` measures a folder of graphs. Raises GateError, and leaves nothing in `out`, when int8 keeps less
    than `MIN_KEPT_SHARE` of the full-precision figure.
    """
    int8_dynamic(source, out)
    before, after = quality(source), quality(out)
    if after < MIN_KEPT_SHARE * before:
        shutil.rmtree(out)
        raise GateError(
            f"int8 NDCG@10 on validation is {after:.4f}, fp32 {before:.4f}: {after / before:.1%} kept, "
            f"below the gate of {MIN_KEPT_SHARE:.0%}; nothing was released, so train longer or ship fp32"
        )
    return before, after
