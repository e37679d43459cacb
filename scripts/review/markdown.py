"""A review as Markdown, as GitHub and GitLab show it in a comment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from infra.policy.acceptance import Acceptance
from infra.policy.cost import Cost
from infra.policy.estate import Change
from infra.policy.loss import holds_data
from scripts.review.digest import at, short
from scripts.review.model_change import Metric, Served, config_diff
from scripts.review.review import Judged, Review
from scripts.review.traffic import bridge_changes, effects

__all__ = ["MERMAID", "markdown"]

# The language of the block that a page shows as a picture instead.
MERMAID = "mermaid"
_ORDER = ("delete", "replace", "update", "create")
_DIGEST = 19
_LONGEST_LIST = 12


def markdown(review: Review) -> str:
    """The whole report."""
    sections = (_head, _policies, _losses, _model, _traffic, _cost, _changes, _graph, _configs)
    return "\n".join(line for section in sections for line in section(review)) + "\n"


def _head(review: Review) -> Iterator[str]:
    verdict = review.verdict
    yield f"# {verdict.word}: {review.stack}"
    yield ""
    yield from (f"- {_text(each)}" for each in verdict.reasons[:_LONGEST_LIST])
    if len(verdict.reasons) > _LONGEST_LIST:
        yield f"- and {len(verdict.reasons) - _LONGEST_LIST} more, below"
    if verdict.reasons:
        yield ""
    counts = Counter(each.op for each in review.after.changes)
    told = ", ".join(f"{counts[op]} to {op}" for op in _ORDER if counts[op]) or "nothing changes"
    yield f"{told}. {_text(review.basis)} Reviewed on {review.today}."


def _losses(review: Review) -> Iterator[str]:
    yield from _title("What would go")
    if not review.losses:
        yield "Nothing that holds data or carries traffic is deleted or replaced."
        return
    yield from _table(
        ("", "what", "because of", "it"),
        (
            (
                each.op,
                f"{each.resource.name} ({_kind(each)})",
                ", ".join(each.reasons) or "it left the program",
                "holds data" if holds_data(each) else "carries traffic",
            )
            for each in review.losses
        ),
    )


def _model(review: Review) -> Iterator[str]:
    yield from _title("What it means for the model")
    if not review.models:
        yield "The same release is served, the same way."
        return
    yield from _table(
        ("Triton", "before", "after"),
        ((each.name, _served(each.old), _served(each.new)) for each in review.models),
    )
    for old, new in review.swaps:
        yield from _release(review, old, new)


def _release(review: Review, old: str, new: str) -> Iterator[str]:
    figures = review.metrics(old, new)
    yield ""
    yield f"**{_text(review.quality(old, new))}**"
    yield ""
    yield from _table(
        ("", f"before `{old[:_DIGEST]}`", f"after `{new[:_DIGEST]}`", "change"),
        (
            (
                each.name,
                _figure(each.old),
                _figure(each.new),
                _moved_by(each),
            )
            for each in figures
            if each.old != each.new
        ),
    )
    if same := [each.name for each in figures if each.old == each.new]:
        yield from ("", f"As before: {', '.join(same)}.")
    records = [review.record(each) for each in (old, new)]
    manifests = [each.manifest for each in records if each]
    if len(manifests) == 2:
        yield ""
        for name in ("recipe", "precision", "max_history", "data", "git_commit"):
            was, becomes = (getattr(each, name) for each in manifests)
            yield f"- {name}: " + (
                f"{short(was)}, as before" if was == becomes else f"{short(was)} → {short(becomes)}"
            )
        if manifests[0].data != manifests[1].data:
            yield "- **the data differ, so the figures were not measured on the same purchases**"
        yield "- signature: rendered by the same code for both; latency is in no record"


def _moved_by(metric: Metric) -> str:
    return f"{metric.change:+.1%}" + (" worse" if metric.is_worse else " better" if metric.better else "")


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:.4g}"


def _configs(review: Review) -> Iterator[str]:
    told: set[tuple[str, ...]] = set()
    for each in review.models:
        if each.old is None or each.new is None:
            continue
        records = {digest: review.record(digest) for digest in (each.old.digest, each.new.digest)}
        known = {digest: record for digest, record in records.items() if record}
        if len(known) < len(records):
            continue
        lines = tuple(config_diff(each.old, each.new, known))
        if lines and lines not in told:
            told.add(lines)
            yield from _title(f"Triton's configuration in {each.name}")
            yield from ("```diff", *lines, "```")


def _traffic(review: Review) -> Iterator[str]:
    yield from _title("What traffic and the bridge will see")
    found = list(effects(review.after.changes))
    if review.is_first:
        yield "Nothing runs yet."
    elif not found:
        yield "Nothing: no change of what requests go through."
    else:
        yield from _table(
            ("", "what", "a caller sees"), ((each.op, each.resource.name, words) for each, words in found)
        )
    yield ""
    bridge = sorted({_owner(each) for each in bridge_changes(review.after.changes)})
    yield f"The bridge changes, in {', '.join(bridge)}." if bridge else "The bridge is untouched."


def _policies(review: Review) -> Iterator[str]:
    yield from _title("Policies")
    open_, kept = (
        [each for each in review.judged if bool(each.acceptance) == flag] for flag in (False, True)
    )
    if not open_:
        yield "Nothing is found that was not accepted."
    for each in open_:
        yield from _finding(each)
    entries: dict[Acceptance, list[str]] = {}
    for each in kept:
        assert each.acceptance is not None
        entries.setdefault(each.acceptance, []).append(each.violation.finding.problem)
    for entry, problems in entries.items():
        yield ""
        yield f"Accepted until {entry.until} ({entry.policy}): {_text(entry.why)}"
        yield ""
        yield from (f"- {_text(each)}" for each in problems)


def _finding(each: Judged) -> Iterator[str]:
    policy, finding = each.violation.policy, each.violation.finding
    severity = f"{policy.severity}{', new' if each.is_new else ''}"
    yield f"- **{severity}**: {_text(finding.where)}: {_text(finding.problem)}"
    yield f"  - remedy: {_text(finding.remedy)}"
    yield f"  - policy {policy.id}: {_text(policy.title)} ({_text('; '.join(policy.controls))})"


def _cost(review: Review) -> Iterator[str]:
    yield from _title("Cost of a month")
    was, becomes = review.costs
    prices = review.prices
    yield from _table(
        ("dollars, the known part", "before", "after", "change"),
        (
            _money("what is always there", was.always, becomes.always),
            _money(
                "at most, every pool full all month, spot at the price of on demand",
                was.at_most,
                becomes.at_most,
            ),
            _hours("GPU hours, always", was.gpu_hours[0], becomes.gpu_hours[0]),
            _hours("GPU hours, at most", was.gpu_hours[1], becomes.gpu_hours[1]),
        ),
    )
    if moved := list(_moved(was, becomes)):
        yield ""
        yield from _table(("changed", "before", "after", "dollars for one"), moved)
    yield ""
    yield f"List prices of {prices.region}, read on {prices.read} (infra/policy/prices.toml). Not counted, not known:"
    yield ""
    yield from (f"- {_text(each)}" for each in becomes.unknown)


def _money(name: str, was: float, becomes: float) -> Sequence[str]:
    return name, f"{was:,.0f}", f"{becomes:,.0f}", f"{becomes - was:+,.0f}"


_hours = _money


def _moved(was: Cost, becomes: Cost) -> Iterator[Sequence[str]]:
    """The lines of the cost that are not as they were; all, where there was nothing, would say nothing."""
    olds = {line.what: line for line in was.lines}
    for line in becomes.lines if olds else ():
        old = olds.get(line.what)
        if old != line:
            counts = "none" if old is None else f"{old.least:g} to {old.most:g}"
            price = "not known" if line.dollars is None else f"{line.dollars:,.2f}"
            yield line.what, counts, f"{line.least:g} to {line.most:g}", price


def _changes(review: Review) -> Iterator[str]:
    yield from _title("Changes by component")
    groups: dict[str, list[Change]] = {}
    for each in review.after.changes:
        if not each.resource.type.startswith(("rialto:", "pulumi:pulumi:")):
            groups.setdefault(_owner(each), []).append(each)
    if not groups:
        yield "None."
    for owner, changes in sorted(groups.items()):
        yield f"- **{_text(owner)}**"
        created = Counter(_kind(each) for each in changes if each.op == "create")
        if created:
            told = ", ".join(
                f"{kind} ({count})" if count > 1 else kind for kind, count in sorted(created.items())
            )
            yield f"  - create {told}"
        for each in changes:
            if each.op != "create":
                yield f"  - {each.op} {_kind(each)} {_text(each.resource.name)}"
                yield from (f"    - {line}" for line in _paths(each))


def _paths(change: Change) -> Iterator[str]:
    for path in change.paths[:_LONGEST_LIST]:
        old, new = (short(at(each.inputs, path)) if each else "" for each in (change.old, change.new))
        forced = ", which replaces it" if path in change.reasons else ""
        yield f"`{path}`: {_text(old)} → {_text(new)}{forced}"
    if len(change.paths) > _LONGEST_LIST:
        yield f"and {len(change.paths) - _LONGEST_LIST} more"


def _graph(review: Review) -> Iterator[str]:
    if review.graph.layers:
        yield from _title("Components that change")
        yield from (f"```{MERMAID}", review.graph.mermaid(), "```")


def _owner(change: Change) -> str:
    parent = change.resource.parent
    if "rialto:" not in parent.rpartition("$")[2] and "::rialto:" not in parent:
        return "the stack itself"
    return f"{parent.rpartition('::')[2]} ({change.resource.component.rpartition(':')[2]})"


def _kind(change: Change) -> str:
    return change.resource.type.rpartition(":")[2]


def _served(each: Served | None) -> str:
    if each is None:
        return "nothing"
    return f"`{each.digest[:_DIGEST]}` on {each.device}, instances {each.instances}, threads {each.threads}"


def _title(text: str) -> Iterator[str]:
    yield from ("", f"## {text}", "")


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(heads)} |"
    yield f"|{' --- |' * len(heads)}"
    for row in rows:
        yield f"| {' | '.join(_cell(each) for each in row)} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _text(text: str) -> str:
    """Text in which nothing is taken for Markdown's own signs."""
    return text.replace("*", "\\*").replace("<", "&lt;").replace("\n", " ")
