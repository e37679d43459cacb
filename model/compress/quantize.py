"""INT8: weights quantized ahead, activations as they come (onnxruntime's dynamic quantization)."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from pathlib import Path

from onnxruntime.quantization import QuantType, quantize_dynamic

from model.artifact import GateError

__all__ = ["MIN_KEPT_SHARE", "quantize"]

# What int8 may cost: under a hundredth of the ranking quality, measured on validation.
MIN_KEPT_SHARE = 0.99
_GRAPHS = ("recommend.onnx", "predict.onnx")


def quantize(source: Path, out: Path, quality: Callable[[Path], float]) -> tuple[float, float]:
    """Write int8 copies of the graphs in `source` to `out`; return NDCG@10 on validation before and after.

    `quality` measures a folder of graphs. Raises GateError, and leaves nothing in `out`, when int8 keeps less
    than `MIN_KEPT_SHARE` of the full-precision figure.
    """
    # The quantizer advises a pre-processing step for static shapes; ours are dynamic.
    logging.getLogger().addFilter(_no_advice)
    try:
        for name in _GRAPHS:
            quantize_dynamic(
                source / name,
                out / name,
                op_types_to_quantize=["MatMul", "Gemm", "Gather"],
                per_channel=True,
                weight_type=QuantType.QInt8,
                extra_options={"MatMulConstBOnly": True},
            )
    finally:
        logging.getLogger().removeFilter(_no_advice)
    before, after = quality(source), quality(out)
    if after < MIN_KEPT_SHARE * before:
        shutil.rmtree(out)
        raise GateError(
            f"int8 NDCG@10 on validation is {after:.4f}, fp32 {before:.4f}: {after / before:.1%} kept, "
            f"below the gate of {MIN_KEPT_SHARE:.0%}; nothing was released, so train longer or ship fp32"
        )
    return before, after


def _no_advice(record: logging.LogRecord) -> bool:
    return "pre-processing before quantization" not in record.getMessage()
