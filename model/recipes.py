"""Recipes: functions that return a complete configuration. The command line picks one and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from model.config import ModelConfig, TrainConfig

__all__ = ["RECIPES", "baseline", "production", "recipe", "smoke"]


def smoke() -> TrainConfig:
    """Seconds on one core: proves that everything meets, not that it recommends well."""
    return TrainConfig(
        model=ModelConfig(
            width=16, feed_width=32, layers=1, context=16, max_history=64, personal_width=8, dropout=0.0
        ),
        epochs=2,
        windows_per_epoch=256,
        negatives=256,
        requests_per_sequence=4,
        positives_per_request=12,
    )


def baseline() -> TrainConfig:
    """What `scripts/up` trains: under three minutes on two cores."""
    return TrainConfig()


def production() -> TrainConfig:
    """Wider and longer, for a GPU or an evening."""
    return replace(
        baseline(),
        model=ModelConfig(width=128, feed_width=512, heads=4, context=128),
        epochs=24,
        windows_per_epoch=12_000,
        negatives=4096,
        learning_rate=4e-3,
    )


RECIPES: dict[str, Callable[[], TrainConfig]] = {
    function.__name__: function for function in (smoke, baseline, production)
}


def recipe(name: str) -> TrainConfig:
    """The configuration of that name; ValueError lists the names there are."""
    if name not in RECIPES:
        raise ValueError(f"recipe is {name!r}, which does not exist; choose one of {', '.join(RECIPES)}")
    return RECIPES[name]()
