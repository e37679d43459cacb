"""Builds one index over a catalogue.

B = queries, V = items, D = width
"""

from __future__ import annotations

from pathlib import Path

import faiss
import numpy as np
import onnx
import torch
from torch import Tensor, nn

from model.export import graph_of, with_top_k
from model.item_table import DenseTable, ItemTable, ProductTable
from scripts.benchmarks.catalogue.answer import FAISS, GRAPH
from scripts.benchmarks.catalogue.generated import ITEMS

__all__ = ["VARIANTS", "build"]

# What the verdicts and the table call them.
VARIANTS = {
    "exact": "exact, in the graph as shipped",
    "product": "product-quantized, in the graph",
    "hnsw": "faiss HNSW",
    "ivf": "faiss IVF",
    "refined": "faiss IVF of product codes, refined in fp16",
}
# As compress/ cuts them: one byte for two numbers.
NUMBERS_A_PART, BITS = 2, 8
NEIGHBOURS = 32
# So many times the items asked for are judged again.
REFINED = 8


class _Scores(nn.Module):
    """The part of `recommend` that grows with the catalogue; index 0 is padding, as there."""

    def __init__(self, table: ItemTable) -> None:
        super().__init__()
        self.table = table

    def forward(self, query: Tensor) -> Tensor:
        """Inner products [B, V+1]."""
        return self.table.scores(query)


def build(variant: str, folder: Path, out: Path) -> None:
    """Write the index of that kind over the items in `folder`."""
    items_VD = np.load(folder / ITEMS)
    if variant in ("exact", "product"):
        padded = torch.from_numpy(np.concatenate([np.zeros_like(items_VD[:1]), items_VD]))
        table: ItemTable = DenseTable(padded)
        if variant == "product":
            table = _product(padded)
        B = torch.export.Dim("B", min=1, max=1 << 16)
        logits = graph_of(_Scores(table), (torch.from_numpy(items_VD[:2]),), {"query": {0: B}}, "logits")
        onnx.save(with_top_k(logits, len(items_VD)), out / GRAPH)
        return
    # Within faiss's own advice for its inverted lists: between 4 and 16 roots of the items.
    lists = round(4 * len(items_VD) ** 0.5)
    parts = items_VD.shape[1] // NUMBERS_A_PART
    recipe = {
        "hnsw": f"HNSW{NEIGHBOURS},Flat",
        "ivf": f"IVF{lists},Flat",
        "refined": f"IVF{lists},PQ{parts}x4fs,Refine(SQfp16)",
    }[variant]
    index = faiss.index_factory(items_VD.shape[1], recipe, faiss.METRIC_INNER_PRODUCT)
    index.train(items_VD)
    index.add(items_VD)
    if variant == "refined":
        faiss.ParameterSpace().set_index_parameter(index, "k_factor_rf", REFINED)
    faiss.write_index(index, str(out / FAISS))


def _product(table_VD: Tensor) -> ProductTable:
    """As compress/product.py does it, with faiss's k-means: scikit-learn's takes minutes for a million items."""
    parts = table_VD.shape[1] // NUMBERS_A_PART
    quantizer = faiss.ProductQuantizer(table_VD.shape[1], parts, BITS)
    vectors_VD = table_VD.numpy()
    quantizer.train(vectors_VD)
    words_MCS = faiss.vector_to_array(quantizer.centroids).reshape(parts, 1 << BITS, NUMBERS_A_PART)
    return ProductTable(torch.from_numpy(quantizer.compute_codes(vectors_VD)), torch.from_numpy(words_MCS))
