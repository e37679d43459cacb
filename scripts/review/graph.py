"""The components that change and how they depend on each other: as Mermaid, and as SVG with a layout of our own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

__all__ = ["Graph", "Node"]

_WIDTH, _HEIGHT, _GAP, _ROW_GAP, _PER_ROW = 168, 46, 14, 34, 4
# What is worst wins the colour.
_WORST = ("delete", "replace", "update", "create")
_MARKS = {"create": "+", "update": "~", "replace": "±", "delete": "-"}


@dataclass(frozen=True, kw_only=True)
class Node:
    """A component, and how many of its resources change in which way."""

    owner: str
    """Type and name, which together are nobody else's."""
    counts: tuple[tuple[str, int], ...]

    @property
    def name(self) -> str:
        """The component's name."""
        return self.owner.partition("::")[2]

    @property
    def kind(self) -> str:
        """The last word of its type."""
        return self.owner.partition("::")[0].rpartition(":")[2]

    @property
    def worst(self) -> str:
        """The operation that a reviewer must look at first."""
        return next(op for op in _WORST if op in dict(self.counts))

    @property
    def marks(self) -> str:
        """Such as `+3 ~1`."""
        return " ".join(f"{_MARKS[op]}{count}" for op, count in self.counts)


@dataclass(frozen=True, kw_only=True)
class Graph:
    """Components by layer, those that others need first; edges by name, from what is needed to who needs it."""

    layers: tuple[tuple[Node, ...], ...]
    edges: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, steps: Iterable[Mapping[str, Any]]) -> Graph:
        """From the steps of a preview."""
        steps = list(steps)
        owners = {step["urn"]: _owner(step) for step in steps}
        counts: dict[str, Counter[str]] = {}
        edges: set[tuple[str, str]] = set()
        for step in steps:
            owner = owners[step["urn"]]
            if step["op"] in _MARKS and not step["urn"].split("::")[2].rpartition("$")[2].startswith(
                "rialto:"
            ):
                counts.setdefault(owner, Counter())[step["op"]] += 1
            for needed in _needs(step):
                edges.add((owners.get(needed, owner), owner))
        kept = {(old, new) for old, new in edges if old != new and old in counts and new in counts}
        nodes = {owner: _node(owner, count) for owner, count in counts.items()}
        return cls(layers=_layered(nodes, kept), edges=tuple(sorted(kept)))

    def mermaid(self) -> str:
        """A flowchart, which GitHub and GitLab draw."""
        nodes = [node for layer in self.layers for node in layer]
        ids = {node.owner: f"c{index}" for index, node in enumerate(nodes)}
        boxes = [f'  {ids[node.owner]}["{node.name}<br/>{node.kind} {node.marks}"]' for node in nodes]
        return "\n".join(
            ["flowchart TB", *boxes, *(f"  {ids[old]} --> {ids[new]}" for old, new in self.edges)]
        )

    def svg(self) -> str:
        """A picture that takes its colours from the page."""
        places, height = self._places()
        lines = [self._line(places[old], places[new]) for old, new in self.edges]
        boxes = [_box(node, *places[node.owner]) for layer in self.layers for node in layer]
        width = _PER_ROW * (_WIDTH + _GAP) - _GAP
        return (
            '<svg class="graph" role="img" aria-label="Components that change" '
            f'viewBox="-2 -2 {width + 4} {height + 4}">{"".join(lines)}{"".join(boxes)}</svg>'
        )

    def _places(self) -> tuple[dict[str, tuple[int, int]], int]:
        places: dict[str, tuple[int, int]] = {}
        top = 0
        for layer in self.layers:
            for first in range(0, len(layer), _PER_ROW):
                row = layer[first : first + _PER_ROW]
                left = (_PER_ROW - len(row)) * (_WIDTH + _GAP) // 2
                for index, node in enumerate(row):
                    places[node.owner] = (left + index * (_WIDTH + _GAP), top)
                top += _HEIGHT + _ROW_GAP
        return places, max(top - _ROW_GAP, _HEIGHT)

    @staticmethod
    def _line(old: tuple[int, int], new: tuple[int, int]) -> str:
        x1, y1, x2, y2 = old[0] + _WIDTH // 2, old[1] + _HEIGHT, new[0] + _WIDTH // 2, new[1]
        middle = (y1 + y2) // 2
        return f'<path class="edge" d="M{x1} {y1} C{x1} {middle} {x2} {middle} {x2} {y2}"/>'


def _owner(step: Mapping[str, Any]) -> str:
    """The component that a resource belongs to, itself if it is one; providers belong to the stack."""
    own = f"{step['urn'].split('::')[2].rpartition('$')[2]}::{step['urn'].rpartition('::')[2]}"
    parent = _state(step).get("parent", "")
    if own.startswith("rialto:") or "::" not in parent:
        return own
    return f"{parent.split('::')[2].rpartition('$')[2]}::{parent.rpartition('::')[2]}"


def _needs(step: Mapping[str, Any]) -> set[str]:
    state = _state(step)
    needed = {urn for urns in (state.get("propertyDependencies") or {}).values() for urn in urns or ()}
    return needed | set(state.get("dependencies") or ())


def _state(step: Mapping[str, Any]) -> Mapping[str, Any]:
    state: Mapping[str, Any] = step.get("newState") or step["oldState"]
    return state


def _node(owner: str, count: Counter[str]) -> Node:
    return Node(owner=owner, counts=tuple((op, count[op]) for op in _WORST if count[op]))


def _layered(nodes: Mapping[str, Node], edges: Iterable[tuple[str, str]]) -> tuple[tuple[Node, ...], ...]:
    """Each component one layer below the lowest that it needs; circles between components are cut where met."""
    needs: dict[str, set[str]] = {owner: set() for owner in nodes}
    for old, new in edges:
        needs[new].add(old)
    depths: dict[str, int] = {}

    def depth(owner: str, path: frozenset[str]) -> int:
        if owner not in depths:
            above = [depth(each, path | {owner}) for each in needs[owner] if each not in path]
            depths[owner] = 1 + max(above, default=-1)
        return depths[owner]

    for owner in sorted(nodes):
        depth(owner, frozenset({owner}))
    rows: dict[int, list[str]] = {}
    for owner, level in depths.items():
        rows.setdefault(level, []).append(owner)
    return tuple(tuple(nodes[owner] for owner in sorted(rows[level])) for level in sorted(rows))


def _box(node: Node, left: int, top: int) -> str:
    middle = left + _WIDTH // 2
    name = node.name if len(node.name) <= 24 else f"{node.name[:23]}…"
    return (
        f'<g class="{node.worst}"><rect x="{left}" y="{top}" width="{_WIDTH}" height="{_HEIGHT}" rx="6"/>'
        f'<text x="{middle}" y="{top + 19}">{escape(name)}</text>'
        f'<text class="small" x="{middle}" y="{top + 36}">{escape(node.kind)} {node.marks}</text></g>'
    )
