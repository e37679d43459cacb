"""The report that decides: all variants in one table and one plot, as Markdown and as a page.

`python -m model.compress.report --recipe baseline` compares the variants of a release and names the one to ship.
"""

from __future__ import annotations

import argparse
import html
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from markdown_it import MarkdownIt
from rich.console import Console

from model.artifact import cache_folder, release_store
from model.compress.comparison import Entry, choose, compare, front
from model.compress.plot import plot
from model.compress.variant import MIN_SHARE, VARIANTS
from model.compress.workshop import FLOPS_EVENTS, Workshop
from model.inputs import ReleaseConfig, add_inputs
from model.progress import console_progress
from model.release import build_release

__all__ = ["as_html", "as_markdown"]

FOLDER = Path(".rialto/report")
_COLUMNS = (
    "variant",
    "what",
    "NDCG@10",
    "of fp32",
    "overlap@10",
    "MiB",
    "p50 / p99, batch 1",
    "p50 / p99, batch 8",
    "numbers",
    "MFLOP",
    "memory",
    "",
)
_MIB = 1 << 20
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title><style>
body {{ font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 75rem; padding: 0 1rem }}
table {{ border-collapse: collapse }} th, td {{ border-bottom: 1px solid #ccc; padding: .3rem .6rem }}
</style></head><body>
{body}
{plot}
</body></html>
"""


def as_markdown(title: str, entries: Sequence[Entry], chosen: Entry, least: float) -> str:
    """The table, the choice and how to read both."""
    best = front(entries)
    lines = [
        f"## {title}\n",
        "| " + " | ".join(_COLUMNS) + " |",
        "| --- | --- |" + " ---: |" * (len(_COLUMNS) - 3) + " --- |",
        *(_line(entry, best, chosen) for entry in entries),
        f"\n**{chosen.name}** is the fastest at batch 1 that keeps {least:.0%} of fp32's NDCG@10.\n",
        "NDCG@10 and overlap with fp32's top 10: on validation, the full catalogue ranked. Milliseconds on one thread, "
        "real histories; a machine that does other work shows it here. Numbers: as many as the file holds. MFLOP: "
        f"matrix products of one answer to {FLOPS_EVENTS} events. Memory: MiB that the graph adds to a process at "
        "its peak.\n",
    ]
    return "\n".join(lines)


def as_html(title: str, markdown: str, entries: Sequence[Entry]) -> str:
    """The same with the plot, as one file that needs no other."""
    body = MarkdownIt("commonmark", {"html": False}).enable("table").render(markdown)
    return _PAGE.format(title=html.escape(title), body=body, plot=plot(entries, front(entries)))


def _line(entry: Entry, best: set[str], chosen: Entry) -> str:
    kept, speed = entry.kept, entry.speed
    marks = ["**ship**"] if entry is chosen else []
    marks += ["Pareto"] if entry.name in best else []
    cells = [
        entry.name,
        entry.about,
        f"{kept.ndcg:.4f}",
        f"{kept.share:.1%}",
        f"{kept.overlap:.3f}",
        f"{kept.size / _MIB:.2f}",
        f"{speed.p50_1:.2f} / {speed.p99_1:.2f}" if speed else "-",
        f"{speed.p50_8:.2f} / {speed.p99_8:.2f}" if speed else "-",
        f"{entry.numbers:,}" if entry.numbers else "-",
        f"{kept.flops / 1e6:.2f}",
        f"{speed.peak_mib:.0f}" if speed else "-",
        ", ".join(marks) if speed else "refused",
    ]
    return "| " + " | ".join(cells) + " |"


def main() -> None:
    """Compare the variants of a release, write the report and say which to ship."""
    parser = argparse.ArgumentParser(prog="scripts/report", description=main.__doc__)
    add_inputs(parser)
    parser.add_argument(
        "--least", type=float, default=MIN_SHARE, help="share of fp32's NDCG@10 that must be kept"
    )
    inputs = vars(parser.parse_args())
    least = inputs.pop("least")
    config, console = ReleaseConfig(**inputs), Console(stderr=True)
    try:
        with console_progress(console) as progress, tempfile.TemporaryDirectory() as folder:
            release = build_release(config, release_store(), console.print, progress)
            console.print(
                "comparing: about half a minute a variant of baseline on a quiet core, more where one trains again"
            )
            shop = Workshop.of(config, release, Path(folder), progress)
            entries = compare(shop, VARIANTS, cache_folder() / "variants", least, console.print)
        chosen = choose(entries, least)
    except (ValueError, OSError) as error:
        sys.exit(f"error: {error}")
    title = f"{release.manifest.version}: smaller and faster"
    markdown = as_markdown(title, entries, chosen, least)
    FOLDER.mkdir(parents=True, exist_ok=True)
    file = FOLDER / f"{release.manifest.version}.md"
    file.write_text(markdown)
    file.with_suffix(".html").write_text(as_html(title, markdown, entries))
    print(markdown)
    print(f"next: look at {file.with_suffix('.html')}")
    if chosen.artifact:
        print(
            f"to ship it: python -m serving.publish {chosen.artifact.folder} <store> --record stacks/releases"
        )


if __name__ == "__main__":
    main()
