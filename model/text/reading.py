"""A catalogue's texts as an encoder's lower layers leave them, so that its last layer can be trained in minutes.

U = different texts, X = tokens of all of them, B = texts of a step, T = tokens, D = width, V = items
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from pandas import DataFrame, Series
from torch import Tensor

from model.tags import ItemTexts
from model.text.encoder import SentenceEncoder, TextEncoder
from model.text.tokens import padded_tokens

__all__ = ["Readings", "different_texts", "item_texts"]

# More at once is not faster on a core, and pads more.
_AT_ONCE = 32
_REPORTS = 5


def item_texts(items: DataFrame) -> Series:
    """What an encoder reads of each item [V]: title (with size and brand, where the source has them) and category."""
    return (items["title"] + ". " + items["category"]).str.strip(". ")


def different_texts(items: DataFrame) -> tuple[list[str], NDArray[np.int64]]:
    """The texts [U], and which of them each catalogue index has [V+1]; 0, which is padding, has the first."""
    codes_V, uniques = pd.factorize(item_texts(items), sort=True)
    return uniques.tolist(), np.concatenate([[0], codes_V]).astype(np.int64)


@dataclass(frozen=True)
class Readings:
    """States [X, D] of all texts before the last layer, in 16 bits: 20 kB a text of 26 tokens with MiniLM.

    Text u has rows starts[u]:starts[u + 1]; `rows` [V+1] says which text a catalogue index has, padding the first.
    """

    network: SentenceEncoder
    states_XD: Tensor
    starts_U: NDArray[np.int64]
    rows_V: Tensor

    @classmethod
    def of(
        cls, encoder: TextEncoder, items: DataFrame, say: Callable[[str], None] = lambda line: None
    ) -> Self:
        """Read what the catalogue says of its items, equal texts once; ValueError where it says nothing."""
        if (items["category"] == "").all() and (items["title"] == "item " + items["item_id"]).all():
            raise ValueError(
                "the data says nothing of its items (no title and no category), so there is no text to read; give it "
                "one of them, or choose a recipe that reads none, such as baseline"
            )
        texts, rows_V = different_texts(items)
        # Texts of like length are read together, and nothing is kept of what pads them.
        order = np.argsort([len(text) for text in texts], kind="stable")
        found: list[Tensor] = [torch.empty(0)] * len(texts)
        for start in range(0, len(order), _AT_ONCE):
            if start % (_AT_ONCE * max(1, len(order) // (_AT_ONCE * _REPORTS))) == 0:
                say(f"reading texts: {start:,} of {len(order):,}")
            some = order[start : start + _AT_ONCE]
            ids_BT = torch.from_numpy(padded_tokens(encoder.tokenizer, [texts[place] for place in some]))
            with torch.no_grad():
                states_BTD = encoder.network.lower(ids_BT).half()
            for place, states_TD, ids_T in zip(some, states_BTD, ids_BT, strict=True):
                found[place] = states_TD[ids_T != 0]
        starts_U = np.cumsum([0, *map(len, found)])
        return cls(encoder.network, torch.cat(found), starts_U, torch.from_numpy(rows_V))

    def vectors(self, texts_B: Tensor) -> Tensor:
        """Vectors [B, D] of texts by their numbers, by the last layer as it is now; gradients reach it."""
        order_B = torch.from_numpy(np.argsort(self._lengths(texts_B), kind="stable"))
        found_BD = torch.cat([self._alike(some) for some in torch.split(texts_B[order_B], _AT_ONCE)])
        return found_BD[order_B.argsort()]

    def _lengths(self, texts_B: Tensor) -> NDArray[np.int64]:
        return self.starts_U[texts_B.numpy() + 1] - self.starts_U[texts_B.numpy()]

    def _alike(self, texts_B: Tensor) -> Tensor:
        place_T = torch.arange(int(self._lengths(texts_B).max()))
        known_BT = place_T < torch.from_numpy(self._lengths(texts_B))[:, None]
        rows_BT = torch.from_numpy(self.starts_U[texts_B.numpy()])[:, None] + place_T
        return self.network.upper(self.states_XD[torch.where(known_BT, rows_BT, 0)].float(), known_BT)

    @torch.no_grad()
    def texts(self) -> ItemTexts:
        """What a recommender reads of the items."""
        return ItemTexts(self.vectors(torch.arange(len(self.starts_U) - 1)), self.rows_V)
