"""What the items' texts are worth: the same training with ids, attributes and texts in the items' vectors, by seed.

R = requests, K = items ranked, V = items, C = cold items, P = items that a request wants
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from statistics import mean

import numpy as np
import torch
from numpy.typing import NDArray

from model.architecture import Recommender
from model.config import TrainConfig
from model.data import Prepared, prepare
from model.evaluate import CUTOFF, eager_logits, eager_ranker, gains, in_chunks, rank_metrics
from model.groups import RARE_BELOW, by_group
from model.inputs import ReleaseConfig, training_folder
from model.release import Say
from model.sequence import Request, requests
from model.text.encoder import TextEncoder
from model.text.reading import Readings
from model.text.tune import tune
from model.train import train
from scripts.benchmarks.quality.plan import Figures, Plan, Progress
from scripts.benchmarks.quality.spread import spread_table
from scripts.benchmarks.result import Row

__all__ = ["FULL", "SHORT", "figures", "measure", "rows", "table"]

# What an item's vector is made of.
IDS, ATTRIBUTES, TEXT, TUNED = (
    "ids",
    "ids, attributes",
    "ids, attributes, text",
    "the same, encoder fine-tuned",
)
ALL, NEW, COLD = "NDCG@10", "NDCG@10, new to the customer", "NDCG@10, cold items"
# A shop's best sellers leave no place for cold items among ten of the whole catalogue, whatever is known of them. So
# those that a customer has not bought are also ranked among each other: ten of them, and the share of them that the
# wanted one is ahead of. With their ids taken away they have what a new item would have.
AMONG, AHEAD, AS_NEW = "NDCG@10 among cold items", "ahead of cold items", "the same, ids taken away"
NAMES = (ALL, NEW, COLD, AMONG, AHEAD, AS_NEW)
COLD_GROUP = f"items with fewer than {RARE_BELOW} events in training"

FULL = Plan(recipe="text", about="about half an hour a seed on one quiet core (an estimate)")
SHORT = Plan(recipe="text_smoke", about="seconds a seed; its figures mean nothing")


def measure(
    plan: Plan, source: str, path: str, seeds: Sequence[int], say: Say, progress: Progress
) -> dict[str, list[Figures]]:
    """Test figures by what an item's vector is made of, one entry a seed; finished trainings are not repeated."""
    config = ReleaseConfig(recipe=plan.recipe, source=source, path=path)
    prepared = prepare(config.data)
    tuned = config.train_config(len(prepared.items))
    found: dict[str, list[Figures]] = {}
    for seed in seeds:
        for name, model in _models(replace(config, seed=seed), prepared, tuned, say, progress):
            say(f"seed {seed}, {name}: measuring")
            found.setdefault(name, []).append(figures(model, prepared, "test", config.exclude_seen))
    return found


def _models(
    config: ReleaseConfig, prepared: Prepared, tuned: TrainConfig, say: Say, progress: Progress
) -> Iterator[tuple[str, Recommender]]:
    # Fine-tuning changes the encoder, so each seed starts from the pretrained one.
    encoder = TextEncoder.load(tuned.text_encoder)
    readings = Readings.of(encoder, prepared.items, say)
    arms = {
        IDS: replace(tuned.model, attributes=(), text=False),
        ATTRIBUTES: replace(tuned.model, text=False),
        TEXT: tuned.model,
    }
    for number, (name, network) in enumerate(arms.items()):
        say(f"seed {config.seed}, {name}: training")
        folder = training_folder(config)
        model = train(
            prepared,
            replace(tuned, model=network),
            config.seed,
            folder.with_name(f"{folder.name}-arm-{number}"),
            progress,
            exclude_seen=config.exclude_seen,
            texts=readings.texts(),
        )
        yield name, model
    say(f"seed {config.seed}, {TUNED}: fine-tuning")
    tune(model, readings, prepared, tuned, config.seed, say)
    yield TUNED, model


def figures(model: Recommender, prepared: Prepared, part: str, exclude_seen: bool) -> dict[str, float]:
    """What `model` reaches on `part`, for all items and for cold ones; `cold requests` stand behind the latter."""
    asked = requests(prepared.events, part, model.config.max_history)
    V = len(prepared.items)
    bought = prepared.events.loc[prepared.events["part"] == "train", "item_index"]
    events_V = np.bincount(bought, minlength=V + 1)
    rank = eager_ranker(model)
    whole = rank_metrics(rank, asked, exclude_seen, V)
    group = by_group(rank, asked, exclude_seen, events_V).get(
        COLD_GROUP, {"requests": 0, "ndcg": float("nan")}
    )
    cold_V = events_V < RARE_BELOW
    fresh = _fresh_and_cold(asked, cold_V)
    among, ahead = _among(model, fresh, cold_V)
    _, as_new = _among(_without_ids(model, cold_V), fresh, cold_V)
    return {
        ALL: whole["ndcg"],
        NEW: whole["new_ndcg"],
        COLD: group["ndcg"],
        AMONG: among,
        AHEAD: ahead,
        AS_NEW: as_new,
        "requests": len(asked),
        "cold requests": group["requests"],
        "cold items": int(cold_V[1:].sum()),
    }


def _fresh_and_cold(asked: Sequence[Request], cold_V: NDArray[np.bool_]) -> list[Request]:
    """The requests for cold items that are new to the customer, with such items alone."""
    found = []
    for request in asked:
        items = request.items[(request.items != 0) & cold_V[request.items]]
        items = items[~np.isin(items, request.history_ids)]
        if len(items):
            found.append(replace(request, items=items))
    return found


def _among(model: Recommender, asked: Sequence[Request], cold_V: NDArray[np.bool_]) -> tuple[float, float]:
    """NDCG@10 with cold items alone to choose from, and the share of them that a wanted one is ahead of."""
    if not asked:
        return math.nan, math.nan
    cold_C = torch.from_numpy(np.flatnonzero(cold_V[1:]) + 1)
    gain: list[float] = []
    ahead: list[float] = []
    for some in in_chunks(asked):
        logits_RC = eager_logits(model, some, exclude_seen=True)[:, cold_C]
        best_RK = cold_C[logits_RC.topk(min(CUTOFF, len(cold_C))).indices].numpy()
        gain += gains(best_RK, [request.items for request in some])[0].tolist()
        for request, logits_C in zip(some, logits_RC, strict=True):
            wanted_P = logits_C[torch.searchsorted(cold_C, torch.from_numpy(request.items))]
            ahead.append(float((logits_C < wanted_P[:, None]).float().mean()))
    return mean(gain), mean(ahead)


def _without_ids(model: Recommender, chosen_V: NDArray[np.bool_]) -> Recommender:
    bare = copy.deepcopy(model)
    with torch.no_grad():
        bare.item.weight[torch.from_numpy(chosen_V)] = 0.0
    return bare


def table(found: Mapping[str, Sequence[Figures]]) -> str:
    """Mean and standard deviation of every figure, as Markdown."""
    lines = {arm: [[seed[name] for seed in seeds] for name in NAMES] for arm, seeds in found.items()}
    first = next(iter(found.values()))[0]
    return spread_table("item vector", list(NAMES), lines) + (
        f"\n\n{first['requests']:,} requests, {first['cold requests']:,} of them with a cold item: one of "
        f"{first['cold items']:,} with fewer than {RARE_BELOW} events in training"
    )


def rows(found: Mapping[str, Sequence[Figures]]) -> list[Row]:
    """Every figure's mean; with texts, the goal is what is reached without: nothing may pay for them unseen."""
    without = {name: mean(seed[name] for seed in found[ATTRIBUTES]) for name in NAMES}
    lines = []
    for arm, seeds in found.items():
        for name, reached in without.items():
            measured = mean(seed[name] for seed in seeds)
            goal = reached if arm in (TEXT, TUNED) and math.isfinite(reached) else None
            lines.append(Row(name=f"{arm}: {name}", measured=measured, unit="", goal=goal))
    first = next(iter(found.values()))[0]
    return [
        *lines,
        *(
            Row(name=name, measured=first[name], unit="")
            for name in ("requests", "cold requests", "cold items")
        ),
    ]
