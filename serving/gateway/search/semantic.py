"""Finds items whose texts mean what a query says: a release's own vectors, and its encoder in Triton for the query.

U = different texts, D = width, V = items, S = items in order of sales, N = items that are near
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file
from tokenizers import Tokenizer

from model.artifact import Manifest
from model.signature import ENCODE
from model.text.tokens import padded_tokens
from serving.catalogue import Catalogue
from serving.gateway.search.retriever import Candidates

__all__ = ["Semantic", "SemanticIndex", "encoder_of"]

VECTORS, TOKENIZER, GRAPH = "text.safetensors", "tokenizer.json", f"{ENCODE.name}.onnx"
# Below, a text has nothing to do with the query: see the folder's README for what was measured.
LEAST_COSINE = 0.35
# Beyond, neighbours have little in common with the query, and each takes a candidate's place.
MOST_FOUND = 128


@dataclass(frozen=True)
class SemanticIndex:
    """Vectors [U, D] of one catalogue's texts, and which text [S] each item [S] has."""

    made_of: tuple[str, ...]
    tokenizer: Tokenizer
    vectors_UD: NDArray[np.float32]
    rows_S: NDArray[np.int32]
    items_S: NDArray[np.int64]

    @classmethod
    def of(cls, folder: Path, manifest: Manifest, catalogue: Catalogue) -> Self | None:
        """Read what a release brings; None where it has no text encoder."""
        if (made_of := encoder_of(manifest)) is None:
            return None
        tables = load_file(folder / VECTORS)
        items_S = catalogue.items.index[catalogue.items.by_sales()]
        return cls(
            made_of,
            Tokenizer.from_file(str(folder / TOKENIZER)),
            tables["vectors"].astype(np.float32),
            tables["rows"][items_S],
            items_S,
        )

    def tokens(self, query: str) -> NDArray[np.int64]:
        """The query as `encode` takes it [1, T]."""
        return padded_tokens(self.tokenizer, [query])

    def near(self, vector_D: NDArray[np.float32], count: int) -> list[int]:
        """At most `count` items whose texts are near enough, nearest first; of equals, what sells more."""
        cosine_S = (self.vectors_UD @ vector_D)[self.rows_S]
        # Most texts are far from any query, and sorting is most of the time.
        near_N = np.flatnonzero(cosine_S >= LEAST_COSINE)
        order_N = np.argsort(-cosine_S[near_N], kind="stable")[: min(count, MOST_FOUND)]
        return self.items_S[near_N[order_N]].tolist()


@dataclass(frozen=True)
class Semantic:
    """A retriever over one index; `encode` asks Triton for the vector [D] of token numbers [1, T]."""

    index: SemanticIndex
    encode: Callable[[NDArray[np.int64]], Awaitable[NDArray[np.float32]]]

    async def candidates(self, query: str, count: int) -> Candidates:
        """See `Retriever`."""
        vector_D = await self.encode(self.index.tokens(query))
        items = await asyncio.to_thread(self.index.near, vector_D, count)
        return Candidates(items, "meaning" if items else "nothing")


def encoder_of(manifest: Manifest) -> tuple[str, ...] | None:
    """The digests that decide what a query's neighbours are; None where there is no encoder."""
    names = (VECTORS, TOKENIZER, GRAPH)
    return tuple(manifest.files[name] for name in names) if set(names) <= manifest.files.keys() else None
