"""What a change means for the model: which release is served before and after, how good it is, and Triton's files."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from infra.policy.estate import Resource
from infra.policy.workload import containers
from model.record import ReleaseRecord
from model.signature import MODELS, served_models
from serving.model_config import ModelConfig, TargetConfig

__all__ = ["Metric", "Served", "config_diff", "metrics", "record_of", "served"]

_DEPLOYMENT = "kubernetes:apps/v1:Deployment"
_ANNOTATION = "rialto.shop/release"
# Of the ranking that the release itself was measured with, and of telling bought from not bought.
_RANKING = {"ndcg": "NDCG@10", "recall": "Recall@10", "hr": "HR@10", "coverage": "coverage"}
_PAIRS = {"accuracy": "accuracy", "recall": "recall", "f1": "F1", "auc": "AUC"}
_MIB = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Served:
    """What one Deployment of Triton serves, and on what."""

    digest: str
    device: str
    instances: int
    threads: int


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A figure of both releases; `better` is the sign of a change for the better, 0 where there is none."""

    name: str
    old: float
    new: float
    better: int

    @property
    def change(self) -> float:
        """The new figure's distance from the old one, as a part of it."""
        return (self.new - self.old) / self.old if self.old else 0.0

    @property
    def is_worse(self) -> bool:
        """Whether the change is for the worse."""
        return (self.new - self.old) * self.better < 0


def served(resources: Iterable[Resource]) -> dict[str, Served]:
    """What each Deployment serves, by its name."""
    found = {}
    for each in resources:
        template = (each.inputs.get("spec") or {}).get("template") if each.type == _DEPLOYMENT else None
        digest = ((template or {}).get("metadata") or {}).get("annotations", {}).get(_ANNOTATION)
        if template and digest:
            found[each.name] = Served(digest=digest, **_target(template["spec"]))
    return found


def record_of(digest: str, folders: Sequence[Path]) -> ReleaseRecord | None:
    """The release's record from the first folder that has it."""
    for folder in folders:
        try:
            return ReleaseRecord.load(digest, folder)
        except ValueError:
            continue
    return None


def metrics(old: ReleaseRecord, new: ReleaseRecord) -> Iterator[Metric]:
    """Every figure that both records have."""
    olds, news = dict(_figures(old)), dict(_figures(new))
    for name, (value, better) in olds.items():
        if name in news:
            yield Metric(name=name, old=value, new=news[name][0], better=better)


def config_diff(old: Served, new: Served, records: Mapping[str, ReleaseRecord]) -> list[str]:
    """The lines of each model's config.pbtxt that change, both rendered by the present code."""
    lines: list[str] = []
    for model in MODELS:
        before, after = (_config(model, each, records[each.digest]) for each in (old, new))
        names = [f"{model}/config.pbtxt ({each.digest[:19]})" for each in (old, new)]
        lines.extend(difflib.unified_diff(before, after, names[0], names[1], lineterm="", n=1))
    return lines


def _figures(record: ReleaseRecord) -> Iterator[tuple[str, tuple[float, int]]]:
    found: Mapping[str, Any] = record.manifest.metrics
    for name, ranking in (found.get("ranking") or {}).items():
        if "(the release)" in name:
            yield from ((label, (ranking[key], 1)) for key, label in _RANKING.items() if key in ranking)
    for name, pairs in (found.get("pairs") or {}).items():
        for key, label in _PAIRS.items():
            if key in pairs:
                yield f"{label} ({name})", (pairs[key], 1)
    if "calibration_error" in found:
        yield "calibration error", (found["calibration_error"], -1)
    yield "size in MiB", (sum(record.sizes.values()) / _MIB, -1)
    yield "items in the catalogue", (float(record.manifest.catalogue), 0)


def _config(model: str, each: Served, record: ReleaseRecord) -> list[str]:
    """The lines of the model's config.pbtxt; none where the release has no such model."""
    if model not in served_models(record.manifest.files):
        return []
    device: Literal["cpu", "gpu"] = "gpu" if each.device == "gpu" else "cpu"
    return (
        ModelConfig(
            signature=MODELS[model],
            target=TargetConfig.production(device=device, instances=each.instances, threads=each.threads),
            version=1,
            release=each.digest,
            catalogue=record.manifest.catalogue,
            max_history=record.manifest.max_history,
        )
        .as_text()
        .splitlines()
    )


def _target(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Device, instances and threads, as the container that fetches the release is told them."""
    words = [str(word) for each in containers(spec) for word in each.get("args") or ()]
    told = dict(word[2:].split("=", 1) for word in words if word.startswith("--") and "=" in word)
    return {
        "device": told.get("device", "cpu"),
        "instances": int(told.get("instances", 1)),
        "threads": int(told.get("threads", 1)),
    }
