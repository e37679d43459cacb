"""The report of the images: sizes against goals, and the largest of what is in each."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from scripts.benchmarks.machine import describe
from scripts.benchmarks.result import Result, Row
from scripts.containers.contents import Contents

__all__ = ["FILE", "document", "rows"]

FILE = Path(__file__).parents[2] / ".rialto" / "images" / "report.md"
MB = 1_000_000
# Of the gateway, which every new node pulls before it answers.
GATEWAY_MB = 150
LARGEST = 12


def rows(images: Mapping[str, Contents]) -> list[Row]:
    """What is on disk and what a registry sends; the gateway's goal is for both."""
    found = []
    for name, image in images.items():
        goal = GATEWAY_MB if name == "gateway" else None
        for word, size in (("on disk", image.disk), ("gzipped, as sent", image.sent)):
            row = Row(name=f"{name}: {word}", measured=size / MB, unit="MB", goal=goal, better="less")
            found.append(row)
    return found


def result(images: Mapping[str, Contents], seconds: float) -> Result:
    """The rows, as benchmarks have them."""
    return Result(name="images", machine=describe([]), seconds=seconds, rows=rows(images))


def document(images: Mapping[str, Contents]) -> str:
    """Markdown."""
    lines = [
        "# Container images",
        "",
        "| image | MB on disk | MB gzipped | files | shells | setuid or setgid |",
        "| --- | ---: | ---: | ---: | --- | --- |",
    ]
    for name, image in images.items():
        sizes = f"{image.disk / MB:.1f} | {image.sent / MB:.1f} | {image.files:,}"
        lines.append(f"| {name} | {sizes} | {_listed(image.shells)} | {_listed(image.privileged)} |")
    for name, image in images.items():
        lines += ["", f"## {name}", "", "| part | MB |", "| --- | ---: |"]
        largest = list(image.parts.items())[:LARGEST]
        lines += [f"| {part} | {size / MB:.1f} |" for part, size in largest]
        rest = image.disk - sum(size for _, size in largest)
        lines.append(f"| {len(image.parts) - len(largest)} others | {rest / MB:.1f} |")
    return "\n".join([*lines, ""])


def _listed(paths: tuple[str, ...]) -> str:
    return ", ".join(f"`/{path}`" for path in paths) or "none"
