"""Parts that networks are made of.

B = sequences, L = events the encoder reads, D = width, H = heads
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from model.config import ModelConfig

__all__ = ["Block", "small_head"]


class Block(nn.Module):
    """One pre-norm transformer layer; attention sees a position and what came before it."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.heads = config.heads
        self.dropout = config.dropout
        self.norm_attention = nn.LayerNorm(config.width)
        self.scale = config.head_size**-0.5
        heads_width = config.heads * config.head_size
        self.qkv = nn.Linear(config.width, 3 * heads_width)
        self.mix = nn.Linear(heads_width, config.width)
        self.norm_feed = nn.LayerNorm(config.width)
        self.feed = nn.Sequential(
            nn.Linear(config.width, config.feed_width),
            nn.GELU(),
            nn.Linear(config.feed_width, config.width),
        )
        self.drop = nn.Dropout(config.dropout)

    def forward(self, x_BLD: Tensor, mask_B1LL: Tensor) -> Tensor:
        """States [B, L, D] after this layer; `mask_B1LL` is added to what attention compares."""
        B, L, _ = x_BLD.shape
        q, k, v = self.qkv(self.norm_attention(x_BLD)).view(B, L, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        weight_BHLL = (q @ k.transpose(-1, -2)) * self.scale + mask_B1LL
        mixed = F.dropout(weight_BHLL.softmax(-1), self.dropout, self.training) @ v
        x_BLD = x_BLD + self.drop(self.mix(mixed.transpose(1, 2).reshape(B, L, -1)))
        return x_BLD + self.drop(self.feed(self.norm_feed(x_BLD)))


def small_head(features: int, width: int) -> nn.Sequential:
    """From a few features to a logit, by one hidden layer of twice `width`."""
    return nn.Sequential(nn.Linear(features, 2 * width), nn.GELU(), nn.Linear(2 * width, 1))
