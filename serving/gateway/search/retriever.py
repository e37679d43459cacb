"""Candidates for a query, from everybody who knows some: by words now, by meaning once there is a text encoder."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from serving.gateway.answer import Matched

__all__ = ["Candidates", "Retriever", "fused", "retrieve"]

# Cormack, Clarke and Buettcher, "Reciprocal rank fusion outperforms Condorcet and individual rank learning methods",
# SIGIR 2009: 60 for every collection that they tried.
RANK_OFFSET = 60


@dataclass(frozen=True)
class Candidates:
    """Catalogue indices, best first; `corrected` is the query as it was understood, if it was written otherwise."""

    items: Sequence[int]
    matched: Matched
    corrected: str | None = None


class Retriever(Protocol):
    """Somebody who finds items for a query: the lexical index, or an encoder that asks Triton for a query's vector."""

    async def candidates(self, query: str, count: int) -> Candidates:
        """At most `count` items; ServerError if it cannot be asked."""


def fused(rankings: Sequence[Sequence[int]], count: int) -> list[int]:
    """One ranking out of several: the sum of 1 / (60 + rank) over the rankings that name an item."""
    scores: dict[int, float] = defaultdict(float)
    for ranking in rankings:
        for rank, item in enumerate(ranking, start=1):
            scores[item] += 1 / (RANK_OFFSET + rank)
    return sorted(scores, key=lambda item: -scores[item])[:count]


async def retrieve(retrievers: Sequence[Retriever], query: str, count: int) -> Candidates:
    """What all of them find, fused; the first of them says how the query was understood."""
    found = await asyncio.gather(*(each.candidates(query, count) for each in retrievers))
    return replace(found[0], items=fused([each.items for each in found], count))
