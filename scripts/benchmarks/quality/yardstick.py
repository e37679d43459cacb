"""Item lists in the papers' format: the release, its parts, the ablation of the attributes, both protocols."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

from model.artifact import Artifact, release_store
from model.inputs import ReleaseConfig
from model.progress import EpochReport
from model.release import Say, build_release
from model.report import ALONE, RELEASED, TWIN
from scripts.benchmarks.quality.retraining import retrained
from scripts.benchmarks.result import Row

__all__ = ["FULL", "SHORT", "Plan", "Yardstick", "md5_of", "measure", "rows"]

BEAUTY_MD5 = "cb03635343187f36526ed4ba48102b53"
# On Beauty: BSARec, the highest we have seen, and eSASRec, the best plain recipe; both without any attributes.
HIGHEST = {"ndcg": 0.0611, "hr": 0.1008}
PLAIN = {"ndcg": 0.0531, "hr": 0.0928}
MIN_ATTRIBUTE_GAIN = 1.04
_NAMES = {"ndcg": "NDCG@10", "hr": "HR@10"}

Progress = Callable[[EpochReport], None]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Which recipes are compared: `recipe`, and `ids`, the same without what is known of the items."""

    recipe: str
    ids: str
    about: str


FULL = Plan(
    recipe="sequences",
    ids="sequences_ids",
    about="about twenty minutes a seed on one quiet core, for a file of 200,000 events",
)
SHORT = Plan(
    recipe="sequences_smoke", ids="sequences_smoke_ids", about="seconds a seed; its figures mean nothing"
)


@dataclass(frozen=True, kw_only=True)
class Yardstick:
    """One entry a seed: releases with and without attributes, and figures by scorer of the retrained model."""

    releases: Sequence[Artifact]
    by_ids: Sequence[Artifact]
    retrained: Sequence[Mapping[str, Mapping[str, float]]]


def measure(plan: Plan, path: str, seeds: Sequence[int], say: Say, progress: Progress) -> Yardstick:
    """Build or reuse what the comparison needs; ValueError or GateError where it cannot be built."""
    releases, by_ids, again = [], [], []
    for seed in seeds:
        config = ReleaseConfig(recipe=plan.recipe, source="sequences", path=path, seed=seed)
        releases.append(build_release(config, release_store(), say, progress))
        without = ReleaseConfig(recipe=plan.ids, source="sequences", path=path, seed=seed)
        by_ids.append(build_release(without, release_store(), say, progress))
        say("training once more, with the validation items in the training data")
        again.append(retrained(config, releases[-1], progress))
    return Yardstick(releases=releases, by_ids=by_ids, retrained=again)


def rows(found: Yardstick, path: Path) -> list[Row]:
    """The published figures where `path` is the papers' file, the attributes' worth, and the second protocol."""
    published = md5_of(path) == BEAUTY_MD5
    lines = []
    for metric, name in _NAMES.items():
        ours = _mean(found.releases, RELEASED, metric)
        for whom, goal in (("the highest published", HIGHEST), ("the best plain recipe", PLAIN)):
            lines.append(
                Row(
                    name=f"{name} of the release, goal: {whom}",
                    measured=ours,
                    unit="",
                    goal=goal[metric] if published else None,
                )
            )
    for scorer in (TWIN, ALONE):
        gain = _mean(found.releases, scorer, "ndcg") / _mean(found.by_ids, scorer, "ndcg")
        lines.append(
            Row(
                name=f"item attributes against ids only, NDCG@10: {scorer}",
                measured=gain,
                unit="x",
                goal=MIN_ATTRIBUTE_GAIN,
            )
        )
    for scorer in found.retrained[0]:
        for metric, name in _NAMES.items():
            measured = mean(figures[scorer][metric] for figures in found.retrained)
            lines.append(
                Row(name=f"validation items trained on, {name}: {scorer}", measured=measured, unit="")
            )
    return lines


def md5_of(path: Path) -> str:
    """What the file's source calls it by."""
    return hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()


def _mean(releases: Sequence[Artifact], scorer: str, metric: str) -> float:
    return mean(release.manifest.metrics["ranking"][scorer][metric] for release in releases)
