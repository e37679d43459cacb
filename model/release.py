"""One release from start to end: prepare, train, export, quantize, measure, seal.

`python -m model.release --recipe baseline` builds one into the per-user store and prints its quality.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from rich.console import Console
from safetensors.torch import save_file

from model.architecture import Recommender
from model.artifact import Artifact, new_folder, release_store
from model.baselines import baselines
from model.blend import blend
from model.calibrate import calibrate
from model.card import CARD, model_card
from model.compress import quantize
from model.config import TrainConfig
from model.data import Prepared, prepare
from model.evaluate import eager_ranker, ndcg, rank_metrics
from model.export import export
from model.groups import by_group
from model.inputs import ReleaseConfig, add_inputs, inputs_key, training_folder
from model.pairs import bought_before, calibration_error, pair_metrics, sampled
from model.progress import EpochReport, console_progress
from model.report import ALONE, RELEASED, TWIN, quality_report
from model.runtime import onnx_pair_scorer, onnx_ranker
from model.sequence import Histories, Request, requests
from model.text.encoder import TextEncoder
from model.text.export import export_text
from model.text.reading import Readings
from model.text.tune import tune
from model.train import train

__all__ = ["build_release"]

# The largest thing a build writes is its checkpoints: weights and two moments, about 60 MB, and the graphs.
MIN_FREE_BYTES = 1 << 30
_ALL_HISTORY = sys.maxsize

Say = Callable[[str], None]


def build_release(
    config: ReleaseConfig,
    store: Path,
    say: Say = lambda line: None,
    progress: Callable[[EpochReport], None] = lambda report: None,
) -> Artifact:
    """Build the release that `config` describes, or return it when the same inputs were built before.

    Raises ValueError for wrong input and GateError for a result that is not good enough; the store then holds
    what it held before. A build that was killed goes on from its last epoch.
    """
    target = store / inputs_key(config)
    if target.is_dir():
        say(f"reusing the release in {target.name}")
        return Artifact.load(target)
    store.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(store).free
    if free < MIN_FREE_BYTES:
        raise ValueError(
            f"release store {store} has {free / 2**20:.0f} MiB free, a build needs {MIN_FREE_BYTES / 2**20:.0f}; "
            "free some space or point RIALTO_CACHE elsewhere"
        )
    say(f"preparing {config.source}")
    prepared = prepare(config.data)
    tuned = config.train_config(len(prepared.items))
    # Before minutes of training: a name that does not exist is told at once.
    encoder = TextEncoder.load(tuned.text_encoder) if tuned.text_encoder else None
    checkpoints = training_folder(config)
    with new_folder(target) as scratch:
        _fill(scratch, config, tuned, prepared, encoder, checkpoints, say, progress)
    shutil.rmtree(checkpoints, ignore_errors=True)
    return Artifact.load(target)


def _fill(
    scratch: Path,
    config: ReleaseConfig,
    tuned: TrainConfig,
    prepared: Prepared,
    encoder: TextEncoder | None,
    checkpoints: Path,
    say: Say,
    progress: Callable[[EpochReport], None],
) -> None:
    readings = None
    if encoder and tuned.model.text:
        say(f"reading the items' texts with {tuned.text_encoder}")
        readings = Readings.of(encoder, prepared.items, say)
    say(f"training recipe {config.recipe} on {len(prepared.users):,} users, {len(prepared.items):,} items")
    excluded = config.exclude_seen
    texts = readings.texts() if readings else None
    model = train(prepared, tuned, config.seed, checkpoints, progress, exclude_seen=excluded, texts=texts)
    if readings and tuned.tuning_steps:
        say("fine-tuning the text encoder with the recommender's loss")
        tune(model, readings, prepared, tuned, config.seed, say)
    longest = tuned.model.max_history
    validation = requests(prepared.events, "validation", longest)
    if tuned.model.neighbours:
        say("adding the collaborative part, its weight chosen on validation")
        blend(model, prepared, validation, excluded)
    say("exporting, with parity against the eager model")
    full = scratch / ".fp32"
    full.mkdir()
    train_events = prepared.events[prepared.events["part"] == "train"]
    popularity_V = Histories.of(train_events).popularity(len(prepared.items))
    export(model, calibrate(model, validation, popularity_V, config.seed), full)
    say("quantizing to int8, with its quality gate")
    kept = quantize(full, scratch, lambda folder: ndcg(onnx_ranker(folder), validation, excluded))
    say("measuring on the test part, beside the baselines")
    metrics = _metrics(prepared, model, validation, full, scratch, popularity_V, excluded, config.seed)
    metrics["validation"] = {"fp32 ndcg": kept[0], "int8 ndcg": kept[1]}
    shutil.rmtree(full)
    if encoder:
        say(f"adding the text encoder {tuned.text_encoder} and the vectors of the items' texts")
        metrics["text"] = {"int8 cosine": export_text(encoder, prepared.items, scratch)}
    save_file(
        {name: tensor.contiguous() for name, tensor in model.state_dict().items()},
        scratch / "model.safetensors",
    )
    _write_tables(prepared, longest, scratch)
    (scratch / "quality.md").write_text(quality_report(config.recipe, metrics))
    about = {
        "model": "rialto",
        "version": inputs_key(config),
        "precision": "int8",
        "data": prepared.fingerprint,
        "recipe": config.recipe,
        "seed": config.seed,
        "git_commit": _git_commit(),
        "catalogue": len(prepared.items),
        "max_history": longest,
        "metrics": metrics,
    }
    (scratch / CARD).write_text(model_card(config, tuned, about))
    Artifact.seal(scratch, **about)


def _metrics(
    prepared: Prepared,
    model: Recommender,
    validation: list[Request],
    full: Path,
    small: Path,
    popularity_V: np.ndarray[Any, np.dtype[np.float64]],
    excluded: bool,
    seed: int,
) -> dict[str, Any]:
    """Test figures of the release, its full-precision twin and the baselines, and of the pair output."""
    test = requests(prepared.events, "test", model.config.max_history)
    whole_validation = requests(prepared.events, "validation", _ALL_HISTORY)
    whole_test = requests(prepared.events, "test", _ALL_HISTORY)
    V = len(prepared.items)
    ranking = {
        RELEASED: rank_metrics(onnx_ranker(small), test, excluded, V),
        TWIN: rank_metrics(onnx_ranker(full), test, excluded, V),
    }
    if model.collaborative is not None:
        with model.collaborative.silenced():
            ranking[ALONE] = rank_metrics(eager_ranker(model), test, excluded, V)
    for name, rank in baselines(prepared, whole_validation, excluded).items():
        ranking[name] = rank_metrics(rank, whole_test, excluded, V)
    score = onnx_pair_scorer(small)
    pairs = {
        f"{kind} negatives": pair_metrics(
            sampled(validation, popularity_V, kind, 1, seed),
            sampled(test, popularity_V, kind, 1, seed + 1),
            score,
        )
        for kind in ("uniform", "popularity")
    }
    return {
        "ranking": ranking,
        "groups": by_group(onnx_ranker(small), test, excluded, _training_events(prepared)),
        "pairs": pairs,
        "calibration_error": calibration_error(bought_before(test), score),
        "test_requests": len(test),
    }


def _training_events(prepared: Prepared) -> np.ndarray[Any, np.dtype[np.int64]]:
    train = prepared.events[prepared.events["part"] == "train"]
    return np.bincount(train["item_index"], minlength=len(prepared.items) + 1)


def _write_tables(prepared: Prepared, longest: int, folder: Path) -> None:
    """The items as people see them, and each user's newest events for the client on this machine."""
    columns = ["item_id", "title", "category", "brand", "price", "sales"]
    prepared.items[columns].to_parquet(folder / "items.parquet")
    events = prepared.events[prepared.events["item_index"] != 0]
    newest = events.groupby("user_index").tail(longest)
    pd.DataFrame(
        {
            "user_id": prepared.users["user_id"].to_numpy()[newest["user_index"]],
            "item_index": newest["item_index"].to_numpy(),
            "timestamp": newest["timestamp"].to_numpy(),
        }
    ).assign(timestamp=lambda table: pd.to_datetime(table["timestamp"], utc=True)).to_parquet(
        folder / "histories.parquet", index=False
    )


def _git_commit() -> str:
    """The commit of this code; where it came without its repository, what whoever brought it says (RIALTO_COMMIT)."""
    if (brought := os.environ.get("RIALTO_COMMIT")) or not shutil.which("git"):
        return brought or "unknown"
    found = subprocess.run(
        ["git", "rev-parse", "HEAD"],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parent,
        check=False,
    )
    return found.stdout.strip() or "unknown"


def main() -> None:
    """Build a release and show its quality."""
    parser = argparse.ArgumentParser(prog="python -m model.release", description=__doc__)
    add_inputs(parser)
    chosen = parser.parse_args()
    console = Console()
    try:
        with console_progress(console) as progress:
            release = build_release(
                ReleaseConfig(**vars(chosen)),
                release_store(),
                say=console.print,
                progress=progress,
            )
    except (ValueError, OSError) as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        sys.exit("stopped; the same command goes on from the last whole epoch")
    print(release.file("quality.md").read_text())
    print(f"{release.digest}\nnext: scripts/up serves it, once stacks/Pulumi.local.yaml names this recipe")


if __name__ == "__main__":
    main()
