"""Narrower numbers: the graphs of one folder written again to another, each in its own way.

All take the same three things, so that a variant can name any: the two folders, and histories to calibrate with, which
only fixed ranges need.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnxruntime.quantization import (
    CalibrationDataReader,
    QuantFormat,
    QuantType,
    quantize_dynamic,
    quantize_static,
)
from onnxruntime.transformers.float16 import DEFAULT_OP_BLOCK_LIST, convert_float_to_float16

from model.evaluate import CUTOFF, padded
from model.sequence import Request

__all__ = [
    "GRAPHS",
    "MIN_CALIBRATING",
    "copy",
    "half",
    "int8_dynamic",
    "int8_encoder",
    "int8_graph",
    "int8_static",
]

GRAPHS = ("recommend.onnx", "predict.onnx")
# Fewer histories would leave the range of an activation to chance.
MIN_CALIBRATING = 64
_CALIBRATED_AT_ONCE = 16
# Sums of votes: onnxruntime adds them up in 32 bits only.
_WHOLE = ("ScatterElements",)


def copy(source: Path, out: Path, calibrating: Sequence[Request] = ()) -> None:
    """32-bit floats, as they are."""
    for name in GRAPHS:
        shutil.copy2(source / name, out / name)


def half(source: Path, out: Path, calibrating: Sequence[Request] = ()) -> None:
    """16-bit floats, for GPUs: a CPU computes in 32 bits and only the file is smaller. Inputs and outputs stay."""
    for name in GRAPHS:
        graph = convert_float_to_float16(
            onnx.load(source / name), keep_io_types=True, op_block_list=[*DEFAULT_OP_BLOCK_LIST, *_WHOLE]
        )
        onnx.save(graph, out / name)


def int8_dynamic(source: Path, out: Path, calibrating: Sequence[Request] = ()) -> None:
    """Weights to 8 bits ahead, activations as they come."""
    _dynamic(source, out, [])


def _dynamic(source: Path, out: Path, but: Sequence[str]) -> None:
    for name in GRAPHS:
        int8_graph(source / name, out / name, but)


def int8_graph(source: Path, out: Path, but: Sequence[str] = ()) -> None:
    """`int8_dynamic` of one file; the nodes named `but` stay as they are."""
    with _without_advice():
        quantize_dynamic(
            source,
            out,
            op_types_to_quantize=["MatMul", "Gemm", "Gather"],
            nodes_to_exclude=list(but),
            per_channel=True,
            weight_type=QuantType.QInt8,
            extra_options={"MatMulConstBOnly": True},
        )


def int8_encoder(source: Path, out: Path, calibrating: Sequence[Request] = ()) -> None:
    """8 bits for the encoder alone: item vectors, and the products that rank by them, stay as they are."""
    graph = onnx.load(source / "recommend.onnx").graph
    rows = max(size for weight in graph.initializer for size in weight.dims)
    tables = {weight.name for weight in graph.initializer if rows in weight.dims}
    kept = [node.name for node in graph.node if tables & set(node.input)]
    _dynamic(source, out, kept)


def int8_static(source: Path, out: Path, calibrating: Sequence[Request]) -> None:
    """8 bits with ranges of activations fixed ahead, from what `calibrating` makes of them (QDQ).

    Cheaper than ranges that are looked up in every request; an activation outside its range is cut off.
    Raises ValueError where `calibrating` is too small.
    """
    if len(calibrating) < MIN_CALIBRATING:
        raise ValueError(
            f"the calibration set holds {len(calibrating)} histories, static int8 needs {MIN_CALIBRATING}; "
            "take more of the training part, or quantize dynamically"
        )
    with _without_advice():
        for name in GRAPHS:
            quantize_static(
                source / name,
                out / name,
                _Histories(calibrating, name),
                quant_format=QuantFormat.QDQ,
                op_types_to_quantize=["MatMul", "Gemm"],
                per_channel=True,
                weight_type=QuantType.QInt8,
                extra_options={"MatMulConstBOnly": True},
            )


# onnxruntime's classes have no types.
class _Histories(CalibrationDataReader):  # type: ignore[misc]
    """Feeds of a graph from real histories, a few at a time."""

    def __init__(self, calibrating: Sequence[Request], graph: str) -> None:
        self.feeds = iter(
            [
                _feed(calibrating[start : start + _CALIBRATED_AT_ONCE], graph)
                for start in range(0, len(calibrating), _CALIBRATED_AT_ONCE)
            ]
        )

    def get_next(self) -> dict[str, NDArray[Any]] | None:
        """What onnxruntime calls until there is no more."""
        return next(self.feeds, None)


def _feed(some: Sequence[Request], graph: str) -> dict[str, NDArray[Any]]:
    ids, ages = padded(some)
    feed: dict[str, NDArray[Any]] = {"history_ids": ids, "history_ages": ages}
    if graph == "predict.onnx":
        return feed | {"candidate_ids": np.array([[request.items[0]] for request in some], np.int64)}
    size = (len(some), 1)
    return feed | {"exclude_seen": np.zeros(size, bool), "k": np.full(size, CUTOFF, np.int64)}


@contextmanager
def _without_advice() -> Iterator[None]:
    """The quantizer advises a pre-processing step for static shapes; ours are dynamic."""

    def other(record: logging.LogRecord) -> bool:
        return "pre-processing before quantization" not in record.getMessage()

    logging.getLogger().addFilter(other)
    try:
        yield
    finally:
        logging.getLogger().removeFilter(other)
