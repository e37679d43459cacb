"""How well search finds items by words, by the text encoder and by both fused.

`python -m serving.gateway.search.quality --release <folder>` prints a table. The queries are derived from the
catalogue's own titles and categories, since no shop's real queries are here: they say whether the indices find what
they hold, not whether people find what they want. `EVERYDAY` alone was written by hand.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import random
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from model.artifact import PRIVATE_FILES, Artifact
from model.category_path import PATH_SEPARATOR
from serving.catalogue import Catalogue
from serving.gateway.search.lexical import LexicalIndex
from serving.gateway.search.retriever import retrieve
from serving.gateway.search.semantic import Semantic, SemanticIndex
from serving.gateway.search.vocabulary import words_of

__all__ = ["DerivedQuery", "Figures", "derived_queries", "measure"]

TOP = 10
QUERIES_OF_A_KIND = 500
FOUND = 100
# What people call the categories of The Complete Journey; where a catalogue has no such category, nothing is asked.
EVERYDAY = {
    "bandages": "FIRST AID PRODUCTS",
    "bug spray": "INSECTICIDES",
    "cough syrup": "COLD AND FLU",
    "diapers": "DIAPERS & DISPOSABLES",
    "eyeglasses": "GLASSES/VISION AIDS",
    "flowers": "FLORAL-FRESH CUT",
    "garbage bags": "FD WRAPS/BAGS/TRSH BG",
    "jam": "PNT BTR/JELLY/JAMS",
    "ketchup": "CONDIMENTS/SAUCES",
    "kitten food": "CAT FOOD",
    "lager": "BEERS/ALES",
    "lipstick": "MAKEUP AND TREATMENT",
    "notebooks": "STATIONERY & SCHOOL SUPPLIES",
    "painkillers": "ANALGESICS",
    "perfume": "FRAGRANCES",
    "puppy food": "DOG FOODS",
    "razors": "SHAVING CARE PRODUCTS",
    "sandwich meat": "LUNCHMEAT",
    "shampoo": "HAIR CARE PRODUCTS",
    "shrimp": "SEAFOOD - FROZEN",
    "soda": "SOFT DRINKS",
    "sports drink": "ISOTONIC DRINKS",
    "sunscreen": "SUNTAN",
    "tampons": "FEMININE HYGIENE",
    "toilet paper": "BATH TISSUES",
    "toothpaste": "ORAL HYGIENE PRODUCTS",
    "washing powder": "LAUNDRY DETERGENTS",
}


@dataclass(frozen=True)
class DerivedQuery:
    """A query, and the catalogue indices that answer it."""

    kind: str
    text: str
    relevant: frozenset[int]


@dataclass(frozen=True)
class Figures:
    """Means over the queries of a kind: how much of the first ten is relevant of what could be, the same with the
    discounts of NDCG, and 1 / first rank.
    """

    queries: int
    recall: float
    ndcg: float
    reciprocal_rank: float


def derived_queries(
    catalogue: Catalogue, count: int = QUERIES_OF_A_KIND, seed: int = 0
) -> list[DerivedQuery]:
    """At most `count` of each kind: titles and types (the last of the category path), changed in each of `CHANGES`.

    `EVERYDAY` words are one more kind, where the catalogue has their categories.
    """
    chance = random.Random(seed)
    titles, types = defaultdict(set), defaultdict(set)
    for index, title, category in _named(catalogue):
        titles[" ".join(words_of(title))].add(index)
        types[" ".join(words_of(category.rpartition(PATH_SEPARATOR)[2]))].add(index)
    groups = {
        name: sorted((text, frozenset(items)) for text, items in texts.items() if text)
        for name, texts in (("title", titles), ("type", types))
    }
    queries = []
    for name, group in groups.items():
        for change, changed in CHANGES.items():
            for text, items in chance.sample(group, min(count, len(group))):
                queries.append(DerivedQuery(f"{name}{change}", changed(text, chance), items))
    return [*queries, *_everyday(catalogue)]


def _everyday(catalogue: Catalogue) -> Iterator[DerivedQuery]:
    for text, name in EVERYDAY.items():
        items = [index for index, _, path in _named(catalogue) if name in path.split(PATH_SEPARATOR)]
        if items:
            yield DerivedQuery("everyday words", text, frozenset(items))


def _named(catalogue: Catalogue) -> Iterator[tuple[int, str, str]]:
    items = catalogue.items
    return zip(items.index.tolist(), items.title, items.category, strict=True)


def measure(find: Callable[[str], Sequence[int]], queries: Sequence[DerivedQuery]) -> dict[str, Figures]:
    """Recall@10 and MRR of each kind of query; `find` returns catalogue indices, best first."""
    results: dict[str, list[tuple[float, float, float]]] = defaultdict(list)
    for query in queries:
        results[query.kind].append(_judged(find(query.text), query.relevant))
    return {
        kind: Figures(len(found), *(sum(figures) / len(found) for figures in zip(*found, strict=True)))
        for kind, found in results.items()
    }


def _judged(found: Sequence[int], relevant: frozenset[int]) -> tuple[float, float, float]:
    hits = [rank for rank, item in enumerate(found[:TOP], start=1) if item in relevant]
    possible = min(TOP, len(relevant))
    ndcg = sum(map(_discount, hits)) / sum(map(_discount, range(1, possible + 1)))
    first = next((rank for rank, item in enumerate(found, start=1) if item in relevant), None)
    return len(hits) / possible, ndcg, 1 / first if first else 0.0


def _discount(rank: int) -> float:
    return 1 / math.log2(rank + 1)


def _as_it_is(text: str, _: random.Random) -> str:
    return text


def _shortened(text: str, chance: random.Random) -> str:
    """One word less, where there are three at least."""
    words = text.split()
    if len(words) >= 3:
        words.pop(chance.randrange(len(words)))
    return " ".join(words)


def _joined(text: str, _: random.Random) -> str:
    """Written as one word, as on a telephone."""
    return text.replace(" ", "")


def _slipped(text: str, chance: random.Random) -> str:
    """Two neighbouring letters of the longest word change places."""
    longest = max(text.split(), key=len)
    if len(longest) < 4:
        return text
    place = chance.randrange(1, len(longest) - 1)
    wrong = longest[:place] + longest[place + 1] + longest[place] + longest[place + 2 :]
    return text.replace(longest, wrong, 1)


CHANGES = {"": _as_it_is, " with a slip": _slipped, " less a word": _shortened, " in one word": _joined}


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m serving.gateway.search.quality", description=__doc__)
    parser.add_argument("--release", type=Path, required=True)
    folder = parser.parse_args(arguments).release
    catalogue = Catalogue.load(folder)
    queries = derived_queries(catalogue)
    table = Table("derived query", "queries", "found by", f"recall@{TOP}", f"NDCG@{TOP}", "MRR")
    found = {name: measure(find, queries) for name, find in _ways(folder, catalogue).items()}
    for kind in dict.fromkeys(query.kind for query in queries):
        for name, figures in found.items():
            each = figures[kind]
            means = (f"{mean:.3f}" for mean in (each.recall, each.ndcg, each.reciprocal_rank))
            table.add_row(kind, str(each.queries), name, *means)
    Console().print(table)
    return 0


def _ways(folder: Path, catalogue: Catalogue) -> dict[str, Callable[[str], Sequence[int]]]:
    """Words alone; where the release has an encoder, that alone and both, as the gateway fuses them."""
    words = LexicalIndex.of(catalogue)
    release = Artifact.load(folder, may_lack=PRIVATE_FILES)
    index = SemanticIndex.of(folder, release.manifest, catalogue)

    def by_words(text: str) -> Sequence[int]:
        return words.find(text, FOUND).items

    if index is None:
        return {"words": by_words}
    session = onnxruntime.InferenceSession(release.file("encode.onnx"), providers=["CPUExecutionProvider"])

    async def encode(tokens_1T: NDArray[np.int64]) -> NDArray[np.float32]:
        vector_D: NDArray[np.float32] = session.run(None, {"token_ids": tokens_1T})[0][0]
        return vector_D

    meaning = Semantic(index, encode)
    return {
        "words": by_words,
        "meaning": lambda text: asyncio.run(retrieve([meaning], text, FOUND)).items,
        "both": lambda text: asyncio.run(retrieve([words, meaning], text, FOUND)).items,
    }


if __name__ == "__main__":
    sys.exit(main())
