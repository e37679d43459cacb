"""A review as one self-contained page: the same Markdown, with the graph as a picture."""

from __future__ import annotations

from html import escape
from typing import Any

from markdown_it import MarkdownIt

from scripts.review.graph import Graph
from scripts.review.markdown import MERMAID
from scripts.review.verdict import Verdict

__all__ = ["page"]

_COLOURS = {"BLOCKED": "bad", "NEEDS A DECISION": "ask", "NOTHING RISKY": "good"}
_STYLE = """
:root { color-scheme: light dark; --page: #fff; --ink: #1c2330; --soft: #5b6577; --line: #d8dde6; --panel: #f5f7fa;
  --bad: #b3261e; --ask: #8a5a00; --good: #1d6b3a; --bad-panel: #fdecea; --ask-panel: #fdf3dc; --good-panel: #e6f4ea;
  --link: #2457c5; }
@media (prefers-color-scheme: dark) { :root { --page: #14181f; --ink: #e4e8ef; --soft: #9aa5b8; --line: #313a48;
  --panel: #1c222c; --bad: #ff8a80; --ask: #f3c15f; --good: #7ed49a; --bad-panel: #3a1d1c; --ask-panel: #36290f;
  --good-panel: #17301f; --link: #8ab4ff; } }
body { margin: 0 auto; max-width: 62rem; padding: 1rem 1rem 4rem; background: var(--page); color: var(--ink);
  font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; margin: 0 0 1rem; padding: .7rem 1rem; border-radius: 8px; border-left: 6px solid; }
h1.bad { color: var(--bad); background: var(--bad-panel); } h1.ask { color: var(--ask); background: var(--ask-panel); }
h1.good { color: var(--good); background: var(--good-panel); }
h2 { font-size: 1.1rem; margin: 2rem 0 .6rem; padding-bottom: .25rem; border-bottom: 1px solid var(--line); }
.wide { overflow-x: auto; } table { border-collapse: collapse; min-width: 100%; font-size: .9rem; }
th, td { padding: .4rem .6rem; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); }
th { color: var(--soft); font-weight: 600; } td { overflow-wrap: anywhere; min-width: 4.5rem; }
code { font: .85em ui-monospace, monospace; background: var(--panel); padding: .1em .3em; border-radius: 4px;
  overflow-wrap: anywhere; }
pre { background: var(--panel); padding: .8rem; border-radius: 8px; overflow-x: auto; } pre code { padding: 0; }
ul { padding-left: 1.2rem; } li { margin: .15rem 0; overflow-wrap: anywhere; }
.graph { width: 100%; height: auto; max-height: 90vh; } .graph text { fill: var(--ink); font-size: 13px;
  text-anchor: middle; } .graph .small { fill: var(--soft); font-size: 11px; }
.graph rect { fill: var(--panel); stroke: var(--line); stroke-width: 1.5; }
.graph .edge { fill: none; stroke: var(--soft); opacity: .35; }
.graph .create rect { stroke: var(--good); } .graph .update rect { stroke: var(--link); }
.graph .replace rect, .graph .delete rect { stroke: var(--bad); stroke-width: 2.5; }
"""


def page(markdown: str, graph: Graph, verdict: Verdict, title: str) -> str:
    """The HTML; raw HTML inside the Markdown stays text, and nothing is loaded from anywhere."""
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")

    def fence(_: object, tokens: Any, index: int, *__: object) -> str:  # noqa: ANN401 - the parser's own
        if tokens[index].info == MERMAID:
            return graph.svg()
        return f"<pre><code>{escape(tokens[index].content)}</code></pre>\n"

    parser.add_render_rule("fence", fence)
    parser.add_render_rule("table_open", lambda *_: '<div class="wide"><table>\n')
    parser.add_render_rule("table_close", lambda *_: "</table></div>\n")
    body = parser.render(markdown).replace("<h1>", f'<h1 class="{_COLOURS[verdict.word]}">', 1)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n{body}</body>\n</html>\n"
    )
