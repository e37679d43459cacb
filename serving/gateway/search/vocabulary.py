"""The words of a catalogue, and which of them a mistyped one was meant to be."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

from rapidfuzz import process
from rapidfuzz.distance import OSA

__all__ = ["Vocabulary", "words_of"]

# A word that shares less than this much with every known one is no typing error (one slip in four letters is 0.75).
SIMILAR_ENOUGH = 0.72
# Shorter words have too many neighbours.
SHORTEST_CORRECTED = 4
NEIGHBOURS = 5


def words_of(text: str) -> list[str]:
    """The words of a text in lower case, as the index cuts them."""
    return re.findall(r"[^\W_]+", text.lower())


@dataclass(frozen=True)
class Vocabulary:
    """Every word, sorted, with how often it stands in the catalogue."""

    words: Sequence[str]
    counts: Counter[str]

    @classmethod
    def of(cls, texts: Iterable[str]) -> Self:
        """Count the words of texts; texts that repeat count once."""
        counts = Counter(word for text in set(texts) for word in words_of(text))
        return cls(sorted(counts), counts)

    def begins(self, start: str) -> bool:
        """Whether some word begins so; a whole word does, too."""
        place = bisect_left(self.words, start)
        return place < len(self.words) and self.words[place].startswith(start)

    def corrected(self, word: str) -> str:
        """The word itself if it is known, or begins one; else the nearest one, the commonest of equals."""
        if len(word) < SHORTEST_CORRECTED or self.begins(word):
            return word
        # Optimal string alignment: two letters that changed places are one slip, as they are for a typist.
        near = process.extract(
            word,
            self.words,
            scorer=OSA.normalized_similarity,
            limit=NEIGHBOURS,
            score_cutoff=SIMILAR_ENOUGH,
        )
        return max(near, key=lambda found: (found[1], self.counts[found[0]]))[0] if near else word
