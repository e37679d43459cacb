"""Recipes: functions that return a complete configuration. The command line picks one and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from model.config import MINILM, ModelConfig, TrainConfig

__all__ = [
    "RECIPES",
    "baseline",
    "production",
    "recipe",
    "sequences",
    "sequences_ids",
    "sequences_smoke",
    "sequences_smoke_ids",
    "smoke",
    "text",
    "text_smoke",
]


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
        watched_requests=512,
    )


def sequences_smoke() -> TrainConfig:
    """`smoke` for item lists."""
    small = smoke()
    return replace(
        small,
        model=replace(small.model, max_history=16, repeats=False, neighbours=8),
        positives_per_request=1,
    )


def sequences_smoke_ids() -> TrainConfig:
    """`sequences_smoke` without what is known of the items."""
    return _without_attributes(sequences_smoke())


def baseline() -> TrainConfig:
    """What `scripts/up` trains: under three minutes on two cores."""
    return TrainConfig(text_encoder=MINILM)


def text() -> TrainConfig:
    """`baseline` with the items' texts in their vectors and an encoder that learns from purchases: ten minutes more."""
    small = baseline()
    return replace(small, model=replace(small.model, text=True), tuning_steps=32)


def text_smoke() -> TrainConfig:
    """`text` in seconds."""
    small = smoke()
    return replace(
        small,
        model=replace(small.model, text=True),
        text_encoder=MINILM,
        tuning_steps=4,
    )


def production() -> TrainConfig:
    """Wider and longer, for a GPU or an evening."""
    return replace(
        baseline(),
        model=ModelConfig(width=128, feed_width=512, heads=4, context=128),
        epochs=24,
        windows_per_epoch=12_000,
        negatives=4096,
        learning_rate=4e-3,
        recovery_epochs=4,
    )


def sequences() -> TrainConfig:
    """Item lists without times or repeats, as the papers have them: tens of minutes on one core."""
    return TrainConfig(
        model=ModelConfig(
            context=50,
            max_history=50,
            dropout=0.5,
            feed_width=256,
            init_std=64**-0.5,
            repeats=False,
            neighbours=64,
        ),
        epochs=30,
        windows_per_epoch=0,
        batch_size=128,
        pooled_batches=32,
        requests_per_sequence=50,
        positives_per_request=1,
        learning_rate=1e-3,
        recovery_epochs=4,
    )


def sequences_ids() -> TrainConfig:
    """`sequences` without what is known of the items: what the attributes are worth."""
    return _without_attributes(sequences())


def _without_attributes(config: TrainConfig) -> TrainConfig:
    return replace(config, model=replace(config.model, attributes=()))


RECIPES: dict[str, Callable[[], TrainConfig]] = {
    function.__name__: function
    for function in (
        smoke,
        baseline,
        text,
        text_smoke,
        production,
        sequences,
        sequences_ids,
        sequences_smoke,
        sequences_smoke_ids,
    )
}


def recipe(name: str) -> TrainConfig:
    """The configuration of that name; ValueError lists the names there are."""
    if name not in RECIPES:
        raise ValueError(f"recipe is {name!r}, which does not exist; choose one of {', '.join(RECIPES)}")
    return RECIPES[name]()
