"""What the served models take and return: the one place where tensor names, shapes and dtypes are written.

B = requests in a batch, T = events of history, C = candidates, K = items asked for, V = items in the catalogue,
D = width of a text vector.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

__all__ = [
    "ENCODE",
    "MASKED",
    "MODELS",
    "PADDING",
    "PREDICT",
    "RECOMMEND",
    "ModelSignature",
    "TensorSpec",
    "served_models",
]

Dtype = Literal["INT64", "FP32", "BOOL"]

# Item ids inside tensors are catalogue indices 1..V; 0 fills the front of a shorter history.
PADDING = 0
# The score of what must not be recommended: padding, and on request what was seen. Where fewer than k items are left,
# such ones fill the top k.
MASKED = -1e9


@dataclass(frozen=True, kw_only=True)
class TensorSpec:
    """One input or output of a served model.

    `shape` leaves out the batch; None is a length that differs from request to request.
    `dtype` is KServe v2's name.
    """

    name: str
    dtype: Dtype
    shape: tuple[int | None, ...]
    about: str


@dataclass(frozen=True, kw_only=True)
class ModelSignature:
    """The inputs and outputs of one served model."""

    name: str
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]


_HISTORY = (
    TensorSpec(
        name="history_ids",
        dtype="INT64",
        shape=(None,),
        about="catalogue indices of the events, oldest first; 0 and unknown indices count as padding",
    ),
    TensorSpec(
        name="history_ages",
        dtype="FP32",
        shape=(None,),
        about="days from each event to the request, 0 or more, same length as history_ids",
    ),
)

RECOMMEND = ModelSignature(
    name="recommend",
    inputs=(
        *_HISTORY,
        TensorSpec(name="exclude_seen", dtype="BOOL", shape=(1,), about="leave out items of the history"),
        TensorSpec(
            name="k",
            dtype="INT64",
            shape=(1,),
            about="items wanted; a batch is answered with its largest k, held between 1 and V",
        ),
    ),
    outputs=(
        TensorSpec(name="item_ids", dtype="INT64", shape=(None,), about="catalogue indices, best first"),
        TensorSpec(name="scores", dtype="FP32", shape=(None,), about="logits of the next basket, descending"),
    ),
)

PREDICT = ModelSignature(
    name="predict",
    inputs=(
        *_HISTORY,
        TensorSpec(
            name="candidate_ids",
            dtype="INT64",
            shape=(None,),
            about="catalogue indices to judge; an unknown index gets probability 0",
        ),
    ),
    outputs=(
        TensorSpec(
            name="probabilities",
            dtype="FP32",
            shape=(None,),
            about="calibrated chance that the candidate is in the user's next basket",
        ),
    ),
)

ENCODE = ModelSignature(
    name="encode",
    inputs=(
        TensorSpec(
            name="token_ids",
            dtype="INT64",
            shape=(None,),
            about="numbers of a text's tokens, as the release's tokenizer.json gives them; 0 behind the end",
        ),
    ),
    outputs=(
        TensorSpec(
            name="vector",
            dtype="FP32",
            shape=(None,),
            about="the text's vector [D] of length 1; inner products with the release's item vectors are cosines",
        ),
    ),
)

MODELS = {signature.name: signature for signature in (RECOMMEND, PREDICT, ENCODE)}


def served_models(files: Collection[str]) -> list[str]:
    """The models of a release that holds `files`; one without a text encoder has no `encode`."""
    return [name for name in MODELS if name != ENCODE.name or f"{name}.onnx" in files]
