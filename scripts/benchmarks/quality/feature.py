"""What each feature of a shop's data is worth: the same training without it, or with one that no recipe has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from statistics import mean

from model.config import ATTRIBUTES, ModelConfig
from model.data import Prepared, prepare
from model.evaluate import eager_ranker, ndcg
from model.inputs import ReleaseConfig, training_folder
from model.release import Say
from model.sequence import requests
from model.train import train
from scripts.benchmarks.quality.discount import with_discounts
from scripts.benchmarks.quality.plan import Figures, Plan, Progress
from scripts.benchmarks.quality.spread import spread_table
from scripts.benchmarks.result import Row

__all__ = ["FULL", "SHORT", "measure", "rows", "table"]

WHOLE, TIMES, DISCOUNTS = "all features", "times", "with discounts"
PARTS = ("validation", "test")

FULL = Plan(recipe="baseline", about="about half an hour a seed on one quiet core (an estimate)")
SHORT = Plan(recipe="smoke", about="seconds a seed; its figures mean nothing")


def measure(
    plan: Plan, source: str, path: str, seeds: Sequence[int], say: Say, progress: Progress
) -> dict[str, list[Figures]]:
    """NDCG@10 of both held-out parts by what was left out or added, one entry a seed; a killed run goes on."""
    config = ReleaseConfig(recipe=plan.recipe, source=source, path=path)
    prepared = prepare(config.data)
    tuned = config.train_config(len(prepared.items))
    found: dict[str, list[Figures]] = {}
    for seed in seeds:
        for name, data, network in _arms(prepared, tuned.model, source):
            say(f"seed {seed}, {name}: training")
            folder = training_folder(replace(config, seed=seed))
            model = train(
                data,
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


def _arms(
    prepared: Prepared, network: ModelConfig, source: str
) -> Iterator[tuple[str, Prepared, ModelConfig]]:
    """What is trained on what; attributes that the data lack make no difference and are trained nonetheless."""
    yield WHOLE, prepared, network
    for name in ATTRIBUTES:
        if name != "listed":
            others = tuple(each for each in ATTRIBUTES if each != name)
            yield f"without {name}", prepared, replace(network, attributes=others)
    yield f"without {TIMES}", prepared, replace(network, times=False)
    if source == "completejourney":
        yield DISCOUNTS, with_discounts(prepared), network


def table(found: Mapping[str, Sequence[Figures]]) -> str:
    """Mean and standard deviation of NDCG@10 over the seeds, as Markdown."""
    lines = {name: [[seed[part] for seed in seeds] for part in PARTS] for name, seeds in found.items()}
    return spread_table("NDCG@10", PARTS, lines)


def rows(found: Mapping[str, Sequence[Figures]]) -> list[Row]:
    """Every figure's mean; a feature helps that costs validation when it is left out, or lifts it when it is added."""
    whole = mean(seed["validation"] for seed in found[WHOLE])
    lines = []
    for name, seeds in found.items():
        for part in PARTS:
            measured = mean(seed[part] for seed in seeds)
            goal = whole if part == "validation" and name != WHOLE else None
            lines.append(
                Row(
                    name=f"{name}, {part}: NDCG@10",
                    measured=measured,
                    unit="",
                    goal=goal,
                    better="more" if name == DISCOUNTS else "less",
                )
            )
    return lines
