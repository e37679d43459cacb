"""Quality over several seeds: the released int8 transformer, its fp32 twin and the baselines, on the test part."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import mean

from rich.console import Console

from model.artifact import Artifact, release_store
from model.inputs import ReleaseConfig, add_inputs
from model.progress import EpochReport, console_progress
from model.release import Say, build_release
from model.report import RANKING, RELEASED, TWIN
from scripts.benchmarks.machine import describe
from scripts.benchmarks.quality import feature, sessions, text, yardstick
from scripts.benchmarks.quality.spread import spread_table
from scripts.benchmarks.result import Result, Row

__all__ = ["main", "rows", "table"]

SEEDS = 3
# int8 may cost a hundredth of what full precision reaches.
MIN_INT8_SHARE = 0.99
# What was asked of the purchase chance, all three at the one threshold that validation chose.
PAIR_GOALS = {"accuracy": 0.85, "recall": 0.80, "f1": 0.87}
PAIRS_WITH_GOALS = "uniform negatives"


def main() -> None:
    """Build or reuse one release a seed, then compare what their manifests say."""
    chosen = _parser().parse_args()
    console = Console()
    started = time.monotonic()
    try:
        with console_progress(console) as progress:
            name, shown, found = _measured(chosen, console.print, progress)
    except (ValueError, OSError) as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        sys.exit("stopped; the same command goes on from the last whole epoch")
    result = Result(
        name=name,
        machine=describe(["torch", "onnxruntime"]),
        seconds=time.monotonic() - started,
        rows=found,
    )
    print(shown)
    console.print(result.table())
    print(f"next: the figures are in {result.write()}; model/README.md says how they come about")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="scripts/bench model", description=__doc__)
    add_inputs(parser)
    parser.add_argument("--seeds", type=int, choices=range(1, 10), default=SEEDS, help="from --seed on")
    parser.add_argument(
        "--yardstick",
        metavar="FILE",
        help="item lists as papers have them, with the recipe, parts and protocols for those",
    )
    parser.add_argument(
        "--text", action="store_true", help="what the items' texts are worth, with the recipe for that"
    )
    parser.add_argument(
        "--features", action="store_true", help="what each feature of the data is worth, left out one by one"
    )
    parser.add_argument(
        "--sessions",
        metavar="FILE",
        help="the UCI data set of online shoppers, and whether their sessions end with a purchase",
    )
    parser.add_argument("--short", action="store_true", help="of those four: seconds, coarse figures")
    return parser


def _measured(
    chosen: argparse.Namespace, say: Say, progress: Callable[[EpochReport], None]
) -> tuple[str, str, list[Row]]:
    """The result's name, its table as Markdown, and its rows."""
    seeds = range(chosen.seed, chosen.seed + chosen.seeds)
    if chosen.text:
        worth = text.SHORT if chosen.short else text.FULL
        say(f"{len(seeds)} seeds of recipe {worth.recipe}: {worth.about}")
        reached = text.measure(worth, chosen.source, chosen.path, seeds, say, progress)
        return "text", text.table(reached), text.rows(reached)
    if chosen.features:
        without = feature.SHORT if chosen.short else feature.FULL
        say(f"{len(seeds)} seeds of recipe {without.recipe}: {without.about}")
        left = feature.measure(without, chosen.source, chosen.path, seeds, say, progress)
        return "features", feature.table(left), feature.rows(left)
    if chosen.sessions:
        part = sessions.SHORT if chosen.short else sessions.FULL
        say(f"{len(seeds)} seeds, {part.about}")
        judged = sessions.measure(part, chosen.sessions, seeds, say)
        return "sessions", sessions.table(judged), sessions.rows(judged)
    if chosen.yardstick:
        plan = yardstick.SHORT if chosen.short else yardstick.FULL
        say(f"{len(seeds)} seeds of recipes {plan.recipe} and {plan.ids}: {plan.about}")
        found = yardstick.measure(plan, chosen.yardstick, seeds, say, progress)
        lines = [*yardstick.rows(found, Path(chosen.yardstick)), *rows(found.releases)]
        return "yardstick", table(found.releases), lines
    say(
        f"{len(seeds)} seeds of recipe {chosen.recipe}: baseline takes about five minutes a seed on two cores"
    )
    inputs = {"recipe": chosen.recipe, "source": chosen.source, "path": chosen.path}
    releases = [
        build_release(ReleaseConfig(**inputs, seed=seed), release_store(), say, progress) for seed in seeds
    ]
    return "model", table(releases), rows(releases)


def figures(releases: Sequence[Artifact], scorer: str, metric: str) -> list[float]:
    """One figure a release."""
    return [release.manifest.metrics["ranking"][scorer][metric] for release in releases]


def table(releases: Sequence[Artifact]) -> str:
    """Mean and standard deviation of every scorer and metric, as Markdown."""
    lines = {
        scorer: [figures(releases, scorer, metric) for metric in RANKING]
        for scorer in releases[0].manifest.metrics["ranking"]
    }
    return spread_table("last basket", list(RANKING.values()), lines)


def rows(releases: Sequence[Artifact]) -> list[Row]:
    """The verdicts: above every baseline, int8 as good as fp32, and the pair output beside its harder figures."""
    scorers = releases[0].manifest.metrics["ranking"]
    ours = mean(figures(releases, RELEASED, "ndcg"))
    found = [
        Row(
            name=f"NDCG@10 of the release, goal: above {scorer}",
            measured=ours,
            unit="",
            goal=mean(figures(releases, scorer, "ndcg")),
        )
        for scorer in scorers
        if scorer not in (RELEASED, TWIN)
    ]
    share = ours / mean(figures(releases, TWIN, "ndcg"))
    found.append(
        Row(name="int8 keeps of fp32's NDCG@10, test part", measured=share, unit="", goal=MIN_INT8_SHARE)
    )
    return [*found, *_pair_rows(releases)]


def _pair_rows(releases: Sequence[Artifact]) -> Iterator[Row]:
    measured = [release.manifest.metrics for release in releases]
    for kind, pairs in measured[0]["pairs"].items():
        goals = PAIR_GOALS if kind == PAIRS_WITH_GOALS else {}
        for metric in pairs:
            value = mean(metrics["pairs"][kind][metric] for metrics in measured)
            name = f"purchase chance, {kind}: {metric}"
            yield Row(name=name, measured=value, unit="", goal=goals.get(metric))
    yield Row(
        name="purchase chance of items bought before: expected calibration error",
        measured=mean(metrics["calibration_error"] for metrics in measured),
        unit="",
    )


if __name__ == "__main__":
    main()
