"""Triton's python backend runs this file: it answers a batch with one run of onnxruntime.

It stands alone, inside the version folder and in the server's own environment, and knows the tensors only
from the model's configuration. Requests of equal shape share a run; a wrong one fails by itself.

B = requests of a run, T = events of history, K = items asked for
"""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import triton_python_backend_utils as pb_utils

__all__ = ["TritonPythonModel"]

Feed = dict[str, "np.ndarray[Any, Any]"]

# onnxruntime's 3 is "error": its warnings about unused initialisers say nothing to who runs a server.
LOG_ERRORS_ONLY = 3
# model/text/tokens.py cuts texts there; attention grows with the square of the length.
MOST_TOKENS = 64


class TritonPythonModel:
    """One instance of a served model; Triton calls the methods by name."""

    def initialize(self, args: dict[str, str]) -> None:
        """Open the version's graph with the threads that the configuration gives an instance."""
        config = json.loads(args["model_config"])
        parameters = {name: value["string_value"] for name, value in config["parameters"].items()}
        self.inputs = [tensor["name"] for tensor in config["input"]]
        self.outputs = [tensor["name"] for tensor in config["output"]]
        self.catalogue = int(parameters["catalogue"])
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = int(parameters["intra_op_thread_count"])
        options.inter_op_num_threads = int(parameters["inter_op_thread_count"])
        # A second thread that spins between requests takes the core of another instance.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = LOG_ERRORS_ONLY
        graph = Path(args["model_repository"]) / args["model_version"] / "model.onnx"
        self.session = onnxruntime.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])

    def execute(self, requests: list[Any]) -> list[Any]:
        """Answer every request, in order."""
        responses: list[Any] = [None] * len(requests)
        groups: defaultdict[tuple[int, ...], list[tuple[int, Feed]]] = defaultdict(list)
        for place, request in enumerate(requests):
            feed = {name: pb_utils.get_input_tensor_by_name(request, name).as_numpy() for name in self.inputs}
            if fault := self._fault(feed):
                responses[place] = _error(fault)
            else:
                groups[tuple(tensor.shape[1] for tensor in feed.values())].append((place, feed))
        for group in groups.values():
            for place, response in self._answer(group):
                responses[place] = response
        return responses

    def _fault(self, feed: Feed) -> str | None:
        """What is wrong with a request, in one line, where the graph would guess instead of refusing."""
        if "token_ids" in feed:
            length = feed["token_ids"].shape[1]
            fits = 1 <= length <= MOST_TOKENS
            return None if fits else f"token_ids has {length} tokens; send 1 to {MOST_TOKENS} of a text"
        ids_BT, ages_BT = feed["history_ids"], feed["history_ages"]
        if ids_BT.shape != ages_BT.shape or not ids_BT.size:
            return (
                f"history_ids has shape {list(ids_BT.shape)} and history_ages {list(ages_BT.shape)}; "
                "send the same length of 1 or more (an empty history is one id 0)"
            )
        if "k" in feed and not 1 <= (k := feed["k"]).min() <= k.max() <= self.catalogue:
            return f"k is {_outside(k, self.catalogue)}; ask for 1 to {self.catalogue} items"
        return None

    def _answer(self, group: list[tuple[int, Feed]]) -> list[tuple[int, Any]]:
        """Run requests of one shape together; if that fails, each alone: only the cause gets the error."""
        try:
            outputs = self.session.run(self.outputs, _joined([feed for _, feed in group]))
        # onnxruntime raises a type of its own for each kind of fault, with no parent but this.
        except Exception as error:
            if len(group) == 1:
                return [(group[0][0], _error(f"onnxruntime: {error}"))]
            return [answer for member in group for answer in self._answer([member])]
        answers, start = [], 0
        for place, feed in group:
            end = start + len(feed[self.inputs[0]])
            # The batch was answered with its largest k; each caller gets its own.
            width = int(feed["k"].max()) if "k" in feed else None
            answers.append((place, self._response([output[start:end, :width] for output in outputs])))
            start = end
        return answers

    def _response(self, outputs: list[np.ndarray[Any, Any]]) -> Any:  # noqa: ANN401 - Triton's own class
        tensors = [pb_utils.Tensor(name, output) for name, output in zip(self.outputs, outputs, strict=True)]
        return pb_utils.InferenceResponse(tensors)


def _joined(feeds: list[Feed]) -> Feed:
    if len(feeds) == 1:
        return feeds[0]
    return {name: np.concatenate([feed[name] for feed in feeds]) for name in feeds[0]}


def _outside(k: np.ndarray[Any, Any], catalogue: int) -> int:
    return int(next(value for value in k.flat if not 1 <= value <= catalogue))


def _error(message: str) -> Any:  # noqa: ANN401 - Triton's own class
    return pb_utils.InferenceResponse(error=pb_utils.TritonError(message, pb_utils.TritonError.INVALID_ARG))
