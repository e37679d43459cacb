"""Pruning: weights of the encoder set to zero and held there, or whole heads and channels taken out of it.

Zeros make an answer faster only where kernels skip them: 2:4 does on GPUs with sparse tensor cores, and no zeros do in
onnxruntime on a CPU. What is taken out makes it faster everywhere.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.nn.utils import prune

from model.architecture import Recommender
from model.artifact import GateError
from model.layers import Block

__all__ = ["check_two_of_four", "magnitude", "settle", "structured", "two_of_four"]

# Sparse tensor cores take two non-zero weights of four along the sum (Mishra et al., 2021, "Accelerating sparse deep
# neural networks").
GROUP, KEPT_OF_GROUP = 4, 2


def magnitude(model: Recommender, share: float) -> Recommender:
    """A copy with the smallest `share` of the encoder's weights masked, wherever they stand; ValueError unless 0 to 1.

    Training keeps the mask; `settle` makes the zeros plain weights.
    """
    if not 0 < share < 1:
        raise ValueError(f"share is {share}, which prunes nothing or everything; choose between 0 and 1")
    pruned = copy.deepcopy(model)
    weights = [(layer, "weight") for layer in _layers(pruned)]
    prune.global_unstructured(weights, prune.L1Unstructured, amount=share)
    return pruned


def two_of_four(model: Recommender) -> Recommender:
    """A copy in which two of four neighbours along each sum are masked: the smaller ones.

    Raises ValueError where a layer's inputs are no multiple of four.
    """
    pruned = copy.deepcopy(model)
    for layer in _layers(pruned):
        if layer.in_features % GROUP:
            raise ValueError(
                f"a layer has {layer.in_features} inputs, 2:4 needs a multiple of {GROUP}; choose another width"
            )
        mask = _larger_half(layer.weight)
        prune.custom_from_mask(layer, "weight", mask)  # type: ignore[no-untyped-call]
    return pruned


def settle(model: Recommender) -> Recommender:
    """Make masked weights plain zeros, in place."""
    for layer in _layers(model):
        prune.remove(layer, "weight")  # type: ignore[no-untyped-call]
    return model


def check_two_of_four(model: Recommender) -> Recommender:
    """The same model; GateError where a group of four has more than two weights that are not zero."""
    for layer in _layers(model):
        groups = layer.weight.detach().reshape(-1, GROUP)
        crowded = int((groups.count_nonzero(1) > KEPT_OF_GROUP).sum())
        if crowded:
            raise GateError(
                f"{crowded} of {len(groups)} groups of a layer have more than {KEPT_OF_GROUP} of {GROUP} weights that "
                "are not zero; nothing was kept, so prune again before training"
            )
    return model


def structured(model: Recommender, share: float) -> Recommender:
    """A copy without the weakest `share` of each layer's heads and feed-forward channels; one of each stays.

    Weak is what little passes through: the norm of the weights that lead in times that of those that lead out.
    ValueError unless `share` is between 0 and 1.
    """
    if not 0 < share < 1:
        raise ValueError(f"share is {share}, which prunes nothing or everything; choose between 0 and 1")
    old = model.config
    heads, channels = (max(1, round(size * (1 - share))) for size in (old.heads, old.feed_width))
    pruned = copy.deepcopy(model)
    pruned.config = replace(old, heads=heads, head_width=old.head_size, feed_width=channels)
    for block in [part for part in pruned.modules() if isinstance(part, Block)]:
        _keep_heads(block, heads, old.head_size)
        _keep_channels(block.feed, channels)
    return pruned


def _keep_heads(block: Block, heads: int, size: int) -> None:
    values = block.qkv.weight.detach().chunk(3)[2].reshape(block.heads, -1)
    mixed = block.mix.weight.detach().T.reshape(block.heads, -1)
    kept_H = _strongest(values, mixed, heads)
    places = (kept_H[:, None] * size + torch.arange(size)).flatten()
    whole = block.mix.in_features
    block.qkv = _part(block.qkv, rows=torch.cat([places, whole + places, 2 * whole + places]))
    block.mix = _part(block.mix, columns=places)
    block.heads = heads


def _keep_channels(feed: nn.Sequential, channels: int) -> None:
    into, _, out = feed
    assert isinstance(into, nn.Linear)
    assert isinstance(out, nn.Linear)
    kept = _strongest(into.weight.detach(), out.weight.detach().T, channels)
    feed[0], feed[2] = _part(into, rows=kept), _part(out, columns=kept)


def _strongest(into: Tensor, out: Tensor, count: int) -> Tensor:
    """The rows of both that carry most, in their old order."""
    return (into.norm(dim=1) * out.norm(dim=1)).topk(count).indices.sort().values


def _part(layer: nn.Linear, rows: Tensor | None = None, columns: Tensor | None = None) -> nn.Linear:
    weight, bias = layer.weight.detach(), layer.bias.detach()
    if rows is not None:
        weight, bias = weight[rows], bias[rows]
    if columns is not None:
        weight = weight[:, columns]
    part = nn.Linear(weight.shape[1], weight.shape[0])
    with torch.no_grad():
        part.weight.copy_(weight)
        part.bias.copy_(bias)
    return part


def _layers(model: Recommender) -> Iterator[nn.Linear]:
    return (layer for layer in model.blocks.modules() if isinstance(layer, nn.Linear))


def _larger_half(weight: Tensor) -> Tensor:
    groups = weight.detach().abs().reshape(-1, GROUP)
    kept = groups.topk(KEPT_OF_GROUP, dim=1).indices
    return torch.zeros_like(groups).scatter(1, kept, 1.0).view_as(weight)
