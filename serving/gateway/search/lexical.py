"""Finds items by their words: SQLite's FTS5 with its BM25, in memory, made from a release's own catalogue.

https://www.sqlite.org/fts5.html
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Sequence
from typing import Self

from serving.catalogue import Catalogue
from serving.gateway.search.retriever import Candidates
from serving.gateway.search.vocabulary import Vocabulary, words_of

__all__ = ["LexicalIndex"]

# Where a word stands: in the title it says what an item is, in the category where it lies, as a brand whose it is.
TITLE_WEIGHT, CATEGORY_WEIGHT, BRAND_WEIGHT = 2.0, 1.0, 0.5
# Beyond, a query is a text.
MAX_WORDS = 12
# porter: "tomatoes" and "tomato" are one word.
SCHEMA = "CREATE VIRTUAL TABLE items USING fts5(title, category, brand, tokenize = 'porter unicode61')"
# Row 1 sold most, so equals, of which there are many, come in that order by themselves.
IN_ORDER_OF_SALES = "SELECT rowid FROM items WHERE items MATCH ? LIMIT ?"
BY_BM25 = "SELECT rowid FROM items WHERE items MATCH ? ORDER BY round(bm25(items, ?, ?, ?), 2), rowid LIMIT ?"
# Ranking 35,000 items by a word that half of them have takes 190 ms and says nothing: then what sells comes first.
BROAD = 3000


class LexicalIndex:
    """One catalogue's index; queries run in threads, one at a time."""

    def __init__(
        self, database: sqlite3.Connection, best_sold: Sequence[int], vocabulary: Vocabulary
    ) -> None:
        self._database = database
        self._best_sold = best_sold
        self._vocabulary = vocabulary
        self._alone = threading.Lock()

    @classmethod
    def of(cls, catalogue: Catalogue) -> Self:
        """Index a catalogue; a second for 67,000 items."""
        database = sqlite3.connect(":memory:", check_same_thread=False)
        database.execute(SCHEMA)
        items, best_sold = catalogue.items, catalogue.items.by_sales()
        columns = [
            [texts[place] for place in best_sold.tolist()]
            for texts in (items.title, items.category, items.brand)
        ]
        with database:
            database.executemany(
                "INSERT INTO items (rowid, title, category, brand) VALUES (?, ?, ?, ?)",
                zip(range(1, len(items) + 1), *columns, strict=True),
            )
        vocabulary = Vocabulary.of(text for column in columns for text in column)
        return cls(database, items.index[best_sold].tolist(), vocabulary)

    async def candidates(self, query: str, count: int) -> Candidates:
        """See `Retriever`; items with all words, or where there are none, items with some of them."""
        return await asyncio.to_thread(self.find, query, count)

    def find(self, query: str, count: int) -> Candidates:
        """`candidates`, for callers without an event loop."""
        typed = words_of(query)[:MAX_WORDS]
        words = [self._vocabulary.corrected(word) for word in typed]
        corrected = " ".join(words) if words != typed else None
        if items := self._select(words, " AND ", count):
            return Candidates(items, "all-words", corrected, frozenset(items))
        # A guess at what was meant is worth less than a word that is known as it was typed.
        known = [word for word in typed if self._vocabulary.begins(word)]
        if items := self._select(known or words, " OR ", count):
            return Candidates(items, "some-words", None if known else corrected)
        return Candidates([], "nothing")

    def _select(self, words: Sequence[str], joint: str, count: int) -> list[int]:
        if not words:
            return []
        # The last word may be one that is still being typed.
        query = joint.join([*(f'"{word}"' for word in words[:-1]), f'"{words[-1]}" *'])
        weights = (TITLE_WEIGHT, CATEGORY_WEIGHT, BRAND_WEIGHT)
        with self._alone:
            rows = self._database.execute(IN_ORDER_OF_SALES, (query, BROAD + 1)).fetchall()
            if len(rows) <= BROAD:
                rows = self._database.execute(BY_BM25, (query, *weights, count)).fetchall()
        return [self._best_sold[row[0] - 1] for row in rows[:count]]
