"""Pods over the day, a picture a policy, above the load that they answer."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from scripts.benchmarks.fleet.simulation import Outcome

__all__ = ["plot"]

WIDTH, HEIGHT, GAP, COLUMNS = 420, 120, 46, 2
POINTS = 280


def plot(outcomes: Mapping[str, Outcome]) -> str:
    """One SVG: the load as an area, the private cloud's pods as a line, those of AWS as a thin one."""
    rows = -(-len(outcomes) // COLUMNS)
    size = f"0 0 {COLUMNS * (WIDTH + GAP) + GAP} {rows * (HEIGHT + GAP) + GAP}"
    charts = [
        f'<g transform="translate({GAP + index % COLUMNS * (WIDTH + GAP)},{GAP + index // COLUMNS * (HEIGHT + GAP)})">'
        f"{_chart(name, outcome)}</g>"
        for index, (name, outcome) in enumerate(outcomes.items())
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{size}" font-family="sans-serif" font-size="12">'
        f'<rect width="100%" height="100%" fill="#fff"/>{"".join(charts)}</svg>\n'
    )


def _chart(name: str, outcome: Outcome) -> str:
    samples = outcome.samples[:: max(len(outcome.samples) // POINTS, 1)]
    load, pods, there = ([getattr(each, key) for each in samples] for key in ("rate", "pods", "aws_pods"))
    most = max(*pods, *there)
    words = f"{name} (load to {max(load):,.0f}/s; pods to {max(pods)}, in AWS {max(there)})"
    return (
        f'<text y="-6">{escape(words)}</text>'
        f'<path d="M0 {HEIGHT}L{_points(load, max(load))}L{WIDTH} {HEIGHT}z" fill="#dbe4f5"/>'
        f'<path d="M{_points(pods, most)}" fill="none" stroke="#2a7f78" stroke-width="1.6"/>'
        f'<path d="M{_points(there, most)}" fill="none" stroke="#b86e00" stroke-width=".9"/>'
        f'<path d="M0 0V{HEIGHT}H{WIDTH}" fill="none" stroke="#555"/>'
    )


def _points(values: list[float], most: float) -> str:
    step = WIDTH / max(len(values) - 1, 1)
    return " ".join(_point(index * step, value, most) for index, value in enumerate(values))


def _point(across: float, value: float, most: float) -> str:
    return f"{across:.1f},{HEIGHT - HEIGHT * value / most:.1f}"
