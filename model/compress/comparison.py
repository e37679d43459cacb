"""Every variant of a release side by side, and the rule that picks the one to ship."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import onnx

from model.artifact import Artifact, GateError
from model.compress.speed import Speed, speeds
from model.compress.variant import RefusedError, Variant, compress
from model.compress.workshop import Kept, Workshop

__all__ = ["Entry", "choose", "compare", "front"]


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One variant: `artifact`, `speed` and `numbers` (how many the file holds) are None where it was refused."""

    name: str
    about: str
    kept: Kept
    artifact: Artifact | None = None
    speed: Speed | None = None
    numbers: int | None = None


def compare(
    shop: Workshop, ways: Sequence[Variant], store: Path, least: float, say: Callable[[str], None]
) -> list[Entry]:
    """Build each variant, or learn why not; then measure all of them side by side."""
    entries = []
    for way in ways:
        say(f"{way.name}: {way.about}")
        try:
            built = compress(shop, way, store, least)
        except RefusedError as refused:
            say(f"refused {refused}")
            entries.append(Entry(name=way.name, about=way.about, kept=refused.kept))
            continue
        entries.append(
            Entry(
                name=way.name,
                about=way.about,
                kept=Kept(**built.manifest.metrics["kept"]),
                artifact=built,
                numbers=_numbers(built.file("recommend.onnx")),
            )
        )
    say("measuring how fast they are, in turns")
    folders = [entry.artifact.folder for entry in entries if entry.artifact]
    found = iter(speeds(folders, shop.model.config.max_history))
    return [replace(entry, speed=next(found)) if entry.artifact else entry for entry in entries]


def choose(entries: Sequence[Entry], least: float) -> Entry:
    """The fastest of those that keep at least `least` of fp32's NDCG@10; GateError says why there is none."""
    passed = [entry for entry in entries if entry.speed and entry.kept.share >= least]
    if not passed:
        shares = (
            ", ".join(f"{entry.name} {entry.kept.share:.1%}" for entry in entries) or "there are no variants"
        )
        raise GateError(
            f"no variant keeps {least:.0%} of fp32's NDCG@10 on validation: {shares}; nothing is released, so lower "
            "the floor or compress less"
        )
    return min(passed, key=_latency)


def front(entries: Sequence[Entry]) -> set[str]:
    """Names of the variants that none other beats in quality, size and latency at once (Pareto)."""
    measured = [entry for entry in entries if entry.speed]
    return {
        one.name for one in measured if not any(_beats(other, one) for other in measured if other is not one)
    }


def _beats(one: Entry, other: Entry) -> bool:
    ours = (-one.kept.ndcg, one.kept.size, _latency(one))
    theirs = (-other.kept.ndcg, other.kept.size, _latency(other))
    return ours != theirs and all(a <= b for a, b in zip(ours, theirs, strict=True))


def _latency(entry: Entry) -> float:
    assert entry.speed is not None
    return entry.speed.p50_1


def _numbers(graph: Path) -> int:
    return sum(math.prod(weight.dims) for weight in onnx.load(graph).graph.initializer)
