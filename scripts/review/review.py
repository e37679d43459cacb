"""Everything that a review says of a preview, computed; how it looks is the business of markdown.py and page.py."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

from infra.policy.acceptance import Acceptance, accepted, load_acceptances
from infra.policy.catalogue import Violation, judge
from infra.policy.cost import Cost, cost
from infra.policy.estate import Change, Estate
from infra.policy.loss import GOING, holds_data
from infra.policy.price import Prices
from model.record import ReleaseRecord
from scripts.review.change import after, before
from scripts.review.digest import Digest
from scripts.review.graph import Graph
from scripts.review.model_change import Metric, Served, metrics, record_of, served
from scripts.review.traffic import is_risky
from scripts.review.verdict import Verdict

__all__ = ["Judged", "ModelChange", "Review"]


@dataclass(frozen=True, kw_only=True)
class Judged:
    """A violation, whether the change brings it, and who accepted it."""

    violation: Violation
    is_new: bool
    acceptance: Acceptance | None


@dataclass(frozen=True, kw_only=True)
class ModelChange:
    """What a Deployment of Triton served and will serve; None where there is none."""

    name: str
    old: Served | None
    new: Served | None


@dataclass(frozen=True, kw_only=True)
class Review:
    """A preview of a stack on a day; `basis` says what it is compared with, `releases` where records lie."""

    preview: Mapping[str, Any]
    stack: str
    today: date
    basis: str
    releases: Sequence[Path]
    failed: bool = False

    @cached_property
    def after(self) -> Estate:
        """What there will be."""
        return after(self.preview, self.stack, self.today)

    @cached_property
    def before(self) -> Estate:
        """What there is."""
        return before(self.preview, self.stack, self.today)

    @property
    def is_first(self) -> bool:
        """Whether there is nothing to compare with."""
        return not self.before.resources

    @cached_property
    def judged(self) -> list[Judged]:
        """Every violation of the estate as it will be."""
        entries = load_acceptances()
        standing = {(each.policy.id, each.finding) for each in judge(self.before)}
        return [
            Judged(
                violation=each,
                is_new=(each.policy.id, each.finding) not in standing,
                acceptance=accepted(each, self.stack, self.today, entries),
            )
            for each in judge(self.after)
        ]

    @cached_property
    def losses(self) -> list[Change]:
        """Deletions and replacements of what holds data or carries traffic."""
        return [
            each
            for each in self.after.changes
            if each.op in GOING and (holds_data(each) or is_risky(each) or (each.old and each.old.protect))
        ]

    @cached_property
    def models(self) -> list[ModelChange]:
        """The Deployments of Triton whose release, device or instances change, or that are new or go."""
        olds, news = served(self.before.resources), served(self.after.resources)
        return [
            ModelChange(name=name, old=olds.get(name), new=news.get(name))
            for name in sorted(olds.keys() | news.keys())
            if olds.get(name) != news.get(name)
        ]

    @cached_property
    def swaps(self) -> list[tuple[str, str]]:
        """Old and new digest of each release that changes."""
        found = {(each.old.digest, each.new.digest) for each in self.models if each.old and each.new}
        return sorted((old, new) for old, new in found if old != new)

    def record(self, digest: str) -> ReleaseRecord | None:
        """What is known of a release."""
        return record_of(digest, self.releases)

    def metrics(self, old: str, new: str) -> list[Metric]:
        """Every figure that the records of both releases have."""
        records = self.record(old), self.record(new)
        return [] if None in records else list(metrics(*(each for each in records if each)))

    @cached_property
    def prices(self) -> Prices:
        """The price file."""
        return Prices.load()

    @cached_property
    def costs(self) -> tuple[Cost, Cost]:
        """A month before and after."""
        return cost(self.before.resources, self.prices), cost(self.after.resources, self.prices)

    @cached_property
    def graph(self) -> Graph:
        """The components that change."""
        return Graph.of(self.preview.get("steps", []))

    @cached_property
    def verdict(self) -> Verdict:
        """What the reviewer has to do."""
        counting = [each.violation for each in self.judged if each.acceptance is None]
        blocking = [_reason(each) for each in counting if each.policy.severity == "blocks"]
        deciding = [_reason(each) for each in counting if each.policy.severity == "decide"]
        if self.failed:
            blocking = [
                "the engine refuses it: " + " ".join(Digest(self.preview).problems())[:300],
                *blocking,
            ]
        return Verdict(blocking=blocking, deciding=[*deciding, *self._decisions()])

    def _decisions(self) -> list[str]:
        """What is within every policy and still a person's business."""
        lines = [
            f"{each.resource.name} would be {'deleted' if each.op == 'delete' else 'replaced'}"
            for each in self.losses
            if not holds_data(each)
        ]
        for old, new in self.swaps:
            lines.append(f"the release changes: {self.quality(old, new)}")
        was, becomes = (each.always for each in self.costs)
        if not self.is_first and round(becomes) > round(was):
            lines.append(f"what is always there costs {becomes - was:,.0f} dollars a month more")
        return lines

    def quality(self, old: str, new: str) -> str:
        """The change of a release's ranking in words."""
        found = next((each for each in self.metrics(old, new) if each.name.startswith("NDCG")), None)
        if found is None:
            return "how good it is, is not known: a record is missing in stacks/releases"
        moved = "stays" if found.new == found.old else "falls" if found.is_worse else "rises"
        return f"{found.name} {moved} from {found.old:.4f} to {found.new:.4f} ({found.change:+.1%})"


def _reason(violation: Violation) -> str:
    return f"{violation.finding.where}: {violation.finding.problem} ({violation.policy.id})"
