"""Export: a trained model becomes two ONNX graphs that answer as it does.

B = requests, T = events of history, C = candidates, K = items asked for, V = items, D = width
"""

from __future__ import annotations

import logging
import warnings
from pathlib import Path

import onnx
import torch
from onnx import TensorProto, compose, helper
from torch import Tensor, nn

from model.architecture import Recommender
from model.calibrate import Calibration
from model.item_table import ItemTable
from model.parity import check_parity
from model.signature import MASKED

__all__ = ["export", "graph_of", "with_top_k"]

# The newest opset that the onnxruntime of every Triton release we support implements in full.
OPSET = 18
# Ages are held below a century; NaN and negative ages count as today.
OLDEST_DAYS = 36_500.0


def export(model: Recommender, calibration: Calibration, out: Path, table: ItemTable | None = None) -> None:
    """Write `recommend.onnx` and `predict.onnx` and prove that they answer as the eager model does.

    They hold the item vectors as `table` does, or whole. Raises AssertionError where an answer differs by more
    than `parity.LOGIT_TOLERANCE`.
    """
    model = model.cpu().eval()
    table = table or model.table()
    ids_BT = torch.tensor([[0, 1, 2, 1, 2], [1, 1, 2, 2, 1]]).repeat(1, 8)
    ages_BT = torch.linspace(40, 1, ids_BT.shape[1]).expand(2, -1).contiguous()
    B, T, C = (torch.export.Dim(name, min=1, max=1 << 16) for name in ("B", "T", "C"))
    history = {"history_ids": {0: B, 1: T}, "history_ages": {0: B, 1: T}}

    excluded = torch.tensor([[True], [False]])
    logits = graph_of(
        _Recommend(model, table), (ids_BT, ages_BT, excluded), {**history, "exclude_seen": {0: B}}, "logits"
    )
    onnx.save(with_top_k(logits, model.config.catalogue), out / "recommend.onnx")

    candidates_BC = torch.tensor([[1, 2, 0], [2, 1, 1]])
    shapes = {**history, "candidate_ids": {0: B, 1: C}}
    predict = graph_of(
        _Predict(model, table, calibration), (ids_BT, ages_BT, candidates_BC), shapes, "probabilities"
    )
    onnx.save(predict, out / "predict.onnx")
    check_parity(model, table, calibration, out)


class _Served(nn.Module):
    """What both graphs share: inputs made safe, item vectors as constants."""

    def __init__(self, model: Recommender, table: ItemTable) -> None:
        super().__init__()
        self.model = model
        self.table = table

    def safe(self, ids_BT: Tensor, ages_BT: Tensor) -> tuple[Tensor, Tensor]:
        """Unknown indices and events beyond `max_history` become padding, ages finite and not negative."""
        config = self.model.config
        recent_T = torch.arange(ids_BT.shape[1]) >= ids_BT.shape[1] - config.max_history
        ids_BT = torch.where(self.known(ids_BT) & recent_T, ids_BT, 0)
        # A comparison with NaN is false, so NaN becomes 0.
        ages_BT = torch.where(ages_BT > 0, ages_BT, 0.0).clamp(max=OLDEST_DAYS)
        # The transformer reads a fixed number of places, however short the history is.
        front_BL = torch.zeros(ids_BT.shape[0], config.context, dtype=torch.int64)
        return torch.cat([front_BL, ids_BT], 1), torch.cat([front_BL.to(ages_BT.dtype), ages_BT], 1)

    def known(self, ids: Tensor) -> Tensor:
        """Whether each index is in the catalogue."""
        return (ids > 0) & (ids <= self.model.config.catalogue)


class _Recommend(_Served):
    """Logits of the whole catalogue; the top k is added behind it."""

    def forward(self, history_ids: Tensor, history_ages: Tensor, exclude_seen: Tensor) -> Tensor:
        ids_BT, ages_BT = self.safe(history_ids, history_ages)
        logits_BV = self.model.catalogue_logits(ids_BT, ages_BT, self.table)
        kept_BT = torch.where(exclude_seen, MASKED, logits_BV.gather(1, ids_BT))
        return logits_BV.scatter(1, ids_BT, kept_BT)


class _Predict(_Served):
    """Calibrated probabilities of chosen candidates; 0 for what is not in the catalogue."""

    def __init__(self, model: Recommender, table: ItemTable, calibration: Calibration) -> None:
        super().__init__(model, table)
        self.calibration = calibration

    def forward(self, history_ids: Tensor, history_ages: Tensor, candidate_ids: Tensor) -> Tensor:
        ids_BT, ages_BT = self.safe(history_ids, history_ages)
        known_BC = self.known(candidate_ids)
        candidates_BC = torch.where(known_BC, candidate_ids, 0)
        logits_BC = self.model.candidate_logits(ids_BT, ages_BT, candidates_BC, self.table)
        chance_BC = torch.sigmoid(self.calibration.slope * logits_BC + self.calibration.intercept)
        return torch.where(known_BC, chance_BC, 0.0)


def graph_of(
    module: nn.Module,
    example: tuple[Tensor, ...],
    shapes: dict[str, dict[int, torch.export.Dim]],
    output: str,
) -> onnx.ModelProto:
    """The module as a graph with one output; `shapes` names the inputs and which of their lengths may differ."""
    # It says of each torchvision operator that it is not there; none is used.
    logging.getLogger("torch.onnx._internal.exporter._registration").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        # Inputs share B and T, and the exporter tells us so for each of them.
        warnings.filterwarnings("ignore", "# The axis name: . will not be used")
        program = torch.onnx.export(
            module.eval(),
            example,
            dynamo=True,
            opset_version=OPSET,
            dynamic_shapes=shapes,
            input_names=list(shapes),
            output_names=[output],
            verbose=False,
        )
    assert program is not None
    return program.model_proto


def with_top_k(scorer: onnx.ModelProto, catalogue: int) -> onnx.ModelProto:
    """Add the top k behind a graph of logits [B, V+1]: only k ids leave the server.

    k is an input [B, 1]; the batch is answered with its largest, held between 1 and V.
    """
    one, most = (
        [helper.make_tensor(name, TensorProto.INT64, [1], [value])]
        for name, value in (("one", 1), ("most", catalogue))
    )
    nodes = [
        helper.make_node("ReduceMax", ["k"], ["k_largest"], keepdims=0),
        helper.make_node("Reshape", ["k_largest", "one"], ["k_wanted"]),
        helper.make_node("Max", ["k_wanted", "one"], ["k_low"]),
        helper.make_node("Min", ["k_low", "most"], ["k_held"]),
        helper.make_node("TopK", ["all_logits", "k_held"], ["scores", "item_ids"], axis=1),
    ]
    inputs = [
        helper.make_tensor_value_info("all_logits", TensorProto.FLOAT, ["B", catalogue + 1]),
        helper.make_tensor_value_info("k", TensorProto.INT64, ["B", 1]),
    ]
    outputs = [
        helper.make_tensor_value_info("item_ids", TensorProto.INT64, ["B", "K"]),
        helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["B", "K"]),
    ]
    tail = helper.make_model(
        helper.make_graph(nodes, "top_k", inputs, outputs, [*one, *most]),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=scorer.ir_version,
    )
    merged = compose.merge_models(scorer, tail, [("logits", "all_logits")], outputs=["item_ids", "scores"])
    # merge_models lists the opset of both parts; quantization refuses a model that names one twice.
    del merged.opset_import[:]
    merged.opset_import.append(helper.make_opsetid("", OPSET))
    onnx.checker.check_model(merged)
    return merged
