"""The second protocol: trained on all but the test items, as a shop does that retrains on what it has."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from safetensors import safe_open

from model.artifact import Artifact
from model.baselines import KNN, knn
from model.collaborative import Collaborative
from model.data import Prepared, prepare
from model.evaluate import Ranker, eager_ranker, rank_metrics
from model.inputs import ReleaseConfig, training_folder
from model.progress import EpochReport
from model.report import ALONE, TWIN
from model.sequence import Histories, requests
from model.train import train

__all__ = ["retrained"]


def retrained(
    config: ReleaseConfig, release: Artifact, progress: Callable[[EpochReport], None]
) -> dict[str, dict[str, float]]:
    """Test figures by scorer. All that validation chose comes from `release`: the epochs' number stays the
    recipe's, its last epoch counts, and the collaborative part weighs what it weighs there.
    """
    prepared = prepare(config.data)
    everything = _with_validation(prepared)
    folder = training_folder(config).with_name(f"{training_folder(config).name}-retrained")
    model = train(everything, config.train_config(len(prepared.items)), config.seed, folder, progress)
    histories = Histories.of(everything.events[everything.events["part"] == "train"])
    part = Collaborative.of(histories, model.config.catalogue, model.config.neighbours)
    with safe_open(release.file("model.safetensors"), "pt") as file:
        part.weight.copy_(file.get_tensor("collaborative.weight"))
    model.collaborative = part
    test = requests(everything.events, "test", model.config.max_history)

    def figures(rank: Ranker) -> dict[str, float]:
        return rank_metrics(rank, test, config.exclude_seen, len(prepared.items))

    found = {TWIN: figures(eager_ranker(model))}
    with part.silenced():
        found[ALONE] = figures(eager_ranker(model))
    return {**found, KNN: figures(knn(histories, len(prepared.items)))}


def _with_validation(prepared: Prepared) -> Prepared:
    events = prepared.events
    part = events["part"].mask(events["part"] == "validation", "train")
    return replace(
        prepared, events=events.assign(part=part), fingerprint=f"{prepared.fingerprint}+validation"
    )
