"""Quality over latency, size as area: one SVG, so that the report needs neither scripts nor a second file."""

from __future__ import annotations

import html
import math
from collections.abc import Callable, Sequence

from model.compress.comparison import Entry

__all__ = ["plot"]

_WIDTH, _HEIGHT, _MARGIN = 900, 460, 70
_LARGEST_RADIUS = 30
_TICKS = 5
_FRONT, _OTHER = "#1a7f5a", "#9aa4ad"


def plot(entries: Sequence[Entry], front: set[str]) -> str:
    """Every measured variant as a circle, those of the Pareto front in green."""
    shown = [(entry, entry.speed.p50_1) for entry in entries if entry.speed]
    across, left, right = _scale([latency for _, latency in shown], _MARGIN, _WIDTH - _MARGIN)
    up, low, high = _scale([entry.kept.ndcg for entry, _ in shown], _HEIGHT - _MARGIN, _MARGIN)
    largest = max(entry.kept.size for entry, _ in shown)
    parts = [_axes(across, (left, right), up, (low, high))]
    for entry, latency in sorted(shown, key=lambda pair: -pair[0].kept.size):
        x, y = across(latency), up(entry.kept.ndcg)
        radius = _LARGEST_RADIUS * math.sqrt(entry.kept.size / largest)
        color = _FRONT if entry.name in front else _OTHER
        parts.append(
            f'<circle cx="{x:.0f}" cy="{y:.0f}" r="{radius:.1f}" fill="{color}" fill-opacity=".5"/>'
            f'<text x="{x:.0f}" y="{y - radius - 4:.0f}" text-anchor="middle">{html.escape(entry.name)}</text>'
        )
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" font-family="sans-serif" font-size="13">'
        "<title>NDCG@10 over latency; area is the file's size, green the Pareto front</title>"
        f"{''.join(parts)}</svg>"
    )


def _scale(
    values: Sequence[float], start: float, stop: float
) -> tuple[Callable[[float], float], float, float]:
    """From values to places, with a tenth of room on both sides; and the values at both ends."""
    room = (max(values) - min(values)) / 10 or abs(max(values)) / 10 or 1.0
    low, high = min(values) - room, max(values) + room
    return (lambda value: start + (value - low) / (high - low) * (stop - start)), low, high


def _axes(
    across: Callable[[float], float],
    ends: tuple[float, float],
    up: Callable[[float], float],
    heights: tuple[float, float],
) -> str:
    bottom = _HEIGHT - _MARGIN
    parts = [
        f'<path d="M{_MARGIN} {_MARGIN}V{bottom}H{_WIDTH - _MARGIN}" fill="none" stroke="#555"/>',
        f'<text x="{_WIDTH / 2}" y="{_HEIGHT - 20}" text-anchor="middle">p50 at batch 1, ms</text>',
        f'<text x="{_MARGIN}" y="{_MARGIN - 25}" text-anchor="middle">NDCG@10</text>',
    ]
    for step in range(_TICKS):
        share = (step + 0.5) / _TICKS
        x, y = (low + share * (high - low) for low, high in (ends, heights))
        parts.append(f'<text x="{across(x):.0f}" y="{bottom + 20}" text-anchor="middle">{x:.2f}</text>')
        parts.append(f'<text x="{_MARGIN - 8}" y="{up(y) + 4:.0f}" text-anchor="end">{y:.4f}</text>')
    return "".join(parts)
