"""What a release is made from, and a key that says whether two releases would be the same."""

from __future__ import annotations

import argparse
import hashlib
import json
from dataclasses import dataclass, replace
from pathlib import Path

from model.artifact import cache_folder, sha256_of
from model.config import TrainConfig
from model.data import DataConfig
from model.data.source import SOURCES, source_fingerprint
from model.recipes import RECIPES, recipe

__all__ = ["ReleaseConfig", "add_inputs", "inputs_key", "release_inputs", "training_folder"]


@dataclass(frozen=True, kw_only=True)
class ReleaseConfig:
    """Which recipe is trained on which data; `source` and `path` as in `DataConfig`."""

    recipe: str = "baseline"
    source: str = "completejourney"
    path: str = ""
    seed: int = 0

    @property
    def data(self) -> DataConfig:
        """The data to prepare: lists without times hold out an item, everything else a basket."""
        return DataConfig(
            source=self.source, path=self.path, holdout="item" if self.source == "sequences" else "basket"
        )

    @property
    def exclude_seen(self) -> bool:
        """Whether quality is measured without items of the history, as the papers on item lists do."""
        return self.data.holdout == "item"

    def train_config(self, catalogue: int) -> TrainConfig:
        """The recipe's configuration for a catalogue of that size."""
        base = recipe(self.recipe)
        return replace(base, model=replace(base.model, catalogue=catalogue))


def add_inputs(parser: argparse.ArgumentParser) -> None:
    """The arguments that name a `ReleaseConfig`, the same for every command."""
    parser.add_argument("--recipe", default="baseline", help=f"one of {', '.join(RECIPES)}")
    parser.add_argument("--source", default="completejourney", help=f"one of {', '.join(SOURCES)}")
    parser.add_argument("--path", default="", help="the file that the source reads")
    parser.add_argument("--seed", type=int, default=0)


def release_inputs(config: ReleaseConfig) -> dict[str, str]:
    """Everything that decides what a build gives, without building: cheap enough for a preview.

    Raises ValueError for a recipe or source that does not exist and for a file that cannot be read.
    """
    recipe(config.recipe)
    return {
        "data": source_fingerprint(config.data),
        "recipe": config.recipe,
        "seed": str(config.seed),
        "model": _code_digest(),
    }


def inputs_key(config: ReleaseConfig) -> str:
    """A folder name for whatever these inputs give."""
    text = json.dumps(release_inputs(config), sort_keys=True)
    return f"{config.recipe}-{hashlib.sha256(text.encode()).hexdigest()[:16]}"


def training_folder(config: ReleaseConfig) -> Path:
    """Where the checkpoints of these inputs live, so that a killed run, or a release after it, goes on."""
    return cache_folder() / "training" / inputs_key(config)


def _code_digest() -> str:
    """The digest of every module of this package, recipes included: other code may train another model."""
    root = Path(__file__).parent
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        digest.update(f"{path.relative_to(root).as_posix()} {sha256_of(path)}\n".encode())
    return digest.hexdigest()
