"""The encoder of a release: its graph in 8 bits, its tokenizer, and the vector of every item's text.

B = texts, T = tokens, D = width, U = different texts, V = items
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from pandas import DataFrame
from safetensors.numpy import save_file
from tokenizers import Tokenizer

from model.artifact import GateError
from model.compress.precision import int8_graph
from model.export import graph_of
from model.runtime import session
from model.signature import ENCODE
from model.text.encoder import TextEncoder
from model.text.reading import different_texts
from model.text.tokens import MOST_TOKENS, padded_tokens

__all__ = ["MIN_COSINE", "TEXT_FILES", "copy_text", "export_text"]

GRAPH = f"{ENCODE.name}.onnx"
TOKENIZER = "tokenizer.json"
VECTORS = "text.safetensors"
TEXT_FILES = (GRAPH, TOKENIZER, VECTORS)

# Mean cosine of a text's vector in 8 bits with its own in 32: .992 for MiniLM over the catalogue's own texts (run).
MIN_COSINE = 0.98
_COMPARED = 64
# More at once is not faster on a core, and pads more.
_AT_ONCE = 8


def export_text(encoder: TextEncoder, items: DataFrame, out: Path) -> float:
    """Write `TEXT_FILES` for the catalogue `items` to `out`; return the mean cosine that 8 bits keep.

    Equal texts are encoded once. Raises GateError, and leaves none of them, where it is below `MIN_COSINE`.
    """
    full = out / f".{GRAPH}"
    onnx.save(_graph(encoder), full)
    int8_graph(full, out / GRAPH)
    full.unlink()
    encoder.write_tokenizer(out / TOKENIZER)
    texts, rows_V = different_texts(items)
    kept = _kept(encoder, _vectors(out / GRAPH, encoder.tokenizer), texts[:: max(1, len(texts) // _COMPARED)])
    if kept < MIN_COSINE:
        for name in (GRAPH, TOKENIZER):
            (out / name).unlink()
        raise GateError(
            f"the text encoder in int8 keeps a cosine of {kept:.4f} with fp32, below the gate of {MIN_COSINE}; "
            "nothing was released, so name another encoder"
        )
    vectors_UD = _vectors(out / GRAPH, encoder.tokenizer)(texts)
    save_file(
        {"vectors": vectors_UD.astype(np.float16), "rows": rows_V.astype(np.int32)},
        out / VECTORS,
    )
    return kept


def copy_text(source: Path, out: Path) -> None:
    """Take over the encoder of another folder, where it has one."""
    for name in TEXT_FILES:
        if (source / name).exists():
            shutil.copy2(source / name, out / name)


def _graph(encoder: TextEncoder) -> onnx.ModelProto:
    ids_BT = torch.tensor([[1, 2, 3, 0], [1, 2, 3, 4]])
    B, T = torch.export.Dim("B", min=1, max=1 << 16), torch.export.Dim("T", min=1, max=MOST_TOKENS)
    (taken,), (given,) = ENCODE.inputs, ENCODE.outputs
    return graph_of(encoder.network, (ids_BT,), {taken.name: {0: B, 1: T}}, given.name)


def _vectors(graph: Path, tokenizer: Tokenizer) -> Callable[[Sequence[str]], NDArray[np.float32]]:
    """Vectors [U, D] of texts, as `graph` gives them; texts of like length are read together."""
    encode = session(graph)

    def vectors(texts: Sequence[str]) -> NDArray[np.float32]:
        order = np.argsort([len(text) for text in texts], kind="stable")
        parts = []
        for start in range(0, len(order), _AT_ONCE):
            tokens_BT = padded_tokens(tokenizer, [texts[place] for place in order[start : start + _AT_ONCE]])
            parts.append(encode.run([ENCODE.outputs[0].name], {ENCODE.inputs[0].name: tokens_BT})[0])
        found_UD = np.concatenate(parts)
        back_UD = np.empty_like(found_UD)
        back_UD[order] = found_UD
        return back_UD

    return vectors


def _kept(
    encoder: TextEncoder, vectors: Callable[[Sequence[str]], NDArray[np.float32]], texts: Sequence[str]
) -> float:
    tokens_BT = torch.from_numpy(padded_tokens(encoder.tokenizer, texts))
    with torch.no_grad():
        eager_BD = encoder.network(tokens_BT).numpy()
    return float((eager_BD * vectors(texts)).sum(1).mean())
