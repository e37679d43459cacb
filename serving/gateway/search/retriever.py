"""Candidates for a query, from everybody who knows some: by words, and by meaning where the release has an encoder."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from serving.failure import ServerError
from serving.gateway.answer import Matched

__all__ = ["Candidates", "Retriever", "fused", "retrieve"]

# Cormack, Clarke and Buettcher, "Reciprocal rank fusion outperforms Condorcet and individual rank learning methods",
# SIGIR 2009: 60 for every collection that they tried.
RANK_OFFSET = 60
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Candidates:
    """Catalogue indices, best first; `corrected` is the query as it was understood, if it was written otherwise.

    `exact` are the items that have all the words.
    """

    items: Sequence[int]
    matched: Matched
    corrected: str | None = None
    exact: frozenset[int] = frozenset()


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
    """What all of them find, fused; the first that finds something says how the query was understood.

    Who cannot be asked is left out; the first needs nobody's help.
    """
    asked = (each.candidates(query, count) for each in retrievers)
    answers = await asyncio.gather(*asked, return_exceptions=True)
    found = []
    for answer in answers:
        if isinstance(answer, ServerError):
            log.warning("searched without the text encoder: %s", answer)
        elif isinstance(answer, BaseException):
            raise answer
        else:
            found.append(answer)
    first = next((each for each in found if each.items), found[0])
    return replace(first, items=fused([each.items for each in found], count))
