"""Texts as the numbers that the served encoder takes; imports no torch, for the gateway uses it.

B = texts, T = tokens
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

__all__ = ["LENGTH_STEP", "MOST_TOKENS", "padded_tokens"]

# Longer than every item of the catalogues here (50) and than a query of 200 letters as people write them.
MOST_TOKENS = 64
# Lengths are multiples of it, so that Triton finds equal shapes to batch; powers of two made encoding a catalogue, of
# 26 tokens a text, cost a half more.
LENGTH_STEP = 8


def padded_tokens(tokenizer: Tokenizer, texts: Sequence[str]) -> NDArray[np.int64]:
    """Token numbers [B, T] of texts, 0 behind their ends; T is a multiple of `LENGTH_STEP`, at most `MOST_TOKENS`."""
    rows = [encoding.ids[:MOST_TOKENS] for encoding in tokenizer.encode_batch(list(texts))]
    longest = max(map(len, rows))
    ids_BT = np.zeros((len(rows), LENGTH_STEP * max(1, math.ceil(longest / LENGTH_STEP))), np.int64)
    for row, ids in zip(ids_BT, rows, strict=True):
        row[: len(ids)] = ids
    return ids_BT
