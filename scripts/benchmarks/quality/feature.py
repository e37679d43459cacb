"""What each feature of a shop's data is worth: the same training without it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from statistics import mean

from model.config import ATTRIBUTES, ModelConfig
from model.data import prepare
from model.evaluate import eager_ranker, ndcg
from model.inputs import ReleaseConfig, training_folder
from model.release import Say
from model.sequence import requests
from model.train import train
from scripts.benchmarks.quality.plan import Figures, Plan, Progress
from scripts.benchmarks.quality.spread import spread_table
from scripts.benchmarks.result import Row

__all__ = ["FULL", "SHORT", "measure", "rows", "table"]

WHOLE, TIMES = "all features", "times"
PARTS = ("validation", "test")

FULL = Plan(recipe="baseline", about="about half an hour a seed on one quiet core (an estimate)")
SHORT = Plan(recipe="smoke", about="seconds a seed; its figures mean nothing")


def measure(
    plan: Plan, source: str, path: str, seeds: Sequence[int], say: Say, progress: Progress
) -> dict[str, list[Figures]]:
    """NDCG@10 of both held-out parts by what was left out, one entry a seed; a killed run goes on."""
    config = ReleaseConfig(recipe=plan.recipe, source=source, path=path)
    prepared = prepare(config.data)
    tuned = config.train_config(len(prepared.items))
    found: dict[str, list[Figures]] = {}
    for seed in seeds:
        for name, network in _without(tuned.model).items():
            say(f"seed {seed}, {name}: training")
            folder = training_folder(replace(config, seed=seed))
            model = train(
                prepared,
                replace(tuned, model=network),
                seed,
                folder.with_name(f"{folder.name}-{name.replace(' ', '-')}"),
                progress,
                exclude_seen=config.exclude_seen,
            )
            rank = eager_ranker(model)
            figures = {
                part: ndcg(rank, requests(prepared.events, part, network.max_history), config.exclude_seen)
                for part in PARTS
            }
            found.setdefault(name, []).append(figures)
    return found


def _without(network: ModelConfig) -> dict[str, ModelConfig]:
    """The network by what it lacks; attributes that the data lack make no difference and are trained nonetheless."""
    less = {
        f"without {name}": replace(network, attributes=tuple(each for each in ATTRIBUTES if each != name))
        for name in ATTRIBUTES
        if name != "listed"
    }
    return {WHOLE: network, **less, f"without {TIMES}": replace(network, times=False)}


def table(found: Mapping[str, Sequence[Figures]]) -> str:
    """Mean and standard deviation of NDCG@10 over the seeds, as Markdown."""
    lines = {name: [[seed[part] for seed in seeds] for part in PARTS] for name, seeds in found.items()}
    return spread_table("NDCG@10", PARTS, lines)


def rows(found: Mapping[str, Sequence[Figures]]) -> list[Row]:
    """Every figure's mean; a feature that helps has the whole above what is reached without it, on validation."""
    whole = mean(seed["validation"] for seed in found[WHOLE])
    lines = []
    for name, seeds in found.items():
        for part in PARTS:
            measured = mean(seed[part] for seed in seeds)
            goal = whole if part == "validation" and name != WHOLE else None
            lines.append(
                Row(name=f"{name}, {part}: NDCG@10", measured=measured, unit="", goal=goal, better="less")
            )
    return lines
