"""How well words find items: `python -m serving.gateway.search.quality --release <folder>` prints a table.

The queries are derived from the catalogue's own titles and categories, since no shop's real queries are here: they say
whether the index finds what it holds, not whether people find what they want.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from model.data.schema import PATH_SEPARATOR
from serving.catalogue import Catalogue
from serving.gateway.search.lexical import LexicalIndex
from serving.gateway.search.vocabulary import words_of

__all__ = ["DerivedQuery", "Figures", "derived_queries", "measure"]

TOP = 10
QUERIES_OF_A_KIND = 500


@dataclass(frozen=True)
class DerivedQuery:
    """A query, and the catalogue indices that answer it."""

    kind: str
    text: str
    relevant: frozenset[int]


@dataclass(frozen=True)
class Figures:
    """Means over the queries of a kind: how much of the first ten is relevant of what could be, and 1 / first rank."""

    queries: int
    recall: float
    reciprocal_rank: float


def derived_queries(
    catalogue: Catalogue, count: int = QUERIES_OF_A_KIND, seed: int = 0
) -> list[DerivedQuery]:
    """At most `count` of each kind: whole titles, titles with a slip, types (the last of the category path)."""
    chance = random.Random(seed)
    titles, types = defaultdict(set), defaultdict(set)
    for index, title, category in catalogue.items[["title", "category"]].itertuples():
        titles[" ".join(words_of(title))].add(index)
        types[" ".join(words_of(category.rpartition(PATH_SEPARATOR)[2]))].add(index)
    groups = {
        name: sorted((text, frozenset(items)) for text, items in texts.items() if text)
        for name, texts in (("title", titles), ("type", types))
    }
    queries = []
    for name, slip in (("title", None), ("title", _slipped), ("type", None), ("type", _slipped)):
        kind = f"{name} with a slip" if slip else name
        for text, items in chance.sample(groups[name], min(count, len(groups[name]))):
            queries.append(DerivedQuery(kind, slip(text, chance) if slip else text, items))
    return queries


def measure(find: Callable[[str], Sequence[int]], queries: Sequence[DerivedQuery]) -> dict[str, Figures]:
    """Recall@10 and MRR of each kind of query; `find` returns catalogue indices, best first."""
    results: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for query in queries:
        results[query.kind].append(_judged(find(query.text), query.relevant))
    return {
        kind: Figures(
            len(found), sum(r for r, _ in found) / len(found), sum(m for _, m in found) / len(found)
        )
        for kind, found in results.items()
    }


def _judged(found: Sequence[int], relevant: frozenset[int]) -> tuple[float, float]:
    hits = sum(item in relevant for item in found[:TOP])
    first = next((rank for rank, item in enumerate(found, start=1) if item in relevant), None)
    return hits / min(TOP, len(relevant)), 1 / first if first else 0.0


def _slipped(text: str, chance: random.Random) -> str:
    """Two neighbouring letters of the longest word change places."""
    longest = max(text.split(), key=len)
    if len(longest) < 4:
        return text
    place = chance.randrange(1, len(longest) - 1)
    wrong = longest[:place] + longest[place + 1] + longest[place] + longest[place + 2 :]
    return text.replace(longest, wrong, 1)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m serving.gateway.search.quality", description=__doc__)
    parser.add_argument("--release", type=Path, required=True)
    catalogue = Catalogue.load(parser.parse_args(arguments).release)
    index = LexicalIndex.of(catalogue)
    figures = measure(lambda text: index.find(text, 100).items, derived_queries(catalogue))
    table = Table("derived query", "queries", f"recall@{TOP}", "MRR")
    for kind, each in figures.items():
        table.add_row(kind, str(each.queries), f"{each.recall:.3f}", f"{each.reciprocal_rank:.3f}")
    Console().print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
