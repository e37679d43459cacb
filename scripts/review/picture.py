"""The architecture as one SVG that stands in a README: two clouds, the bridge between them, and what flows."""

from __future__ import annotations

from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from scripts.review.architecture import SHOP, Box, Sketch

__all__ = ["picture"]

WIDTH, HEIGHT = 1030, 684
BOX_WIDTH, BOX_HEIGHT = 185, 84
TOP, ROW_STEP, COLUMN_STEP = 112, 112, 215
LEFT = {"private": 30, "bridge": 460, "aws": 600}
BRIDGE_WIDTH = 110
# From a box's corner to where a slanting arrow begins or ends.
CORNER = 14
PANELS = {"private": ("Private cloud: OpenStack", 15), "aws": ("AWS", 585)}
PANEL_TOP, PANEL_WIDTH, PANEL_HEIGHT = 66, 430, 600
SHOP_PLACE = (30, 14, BOX_WIDTH, 34)
# In place of its own page a README shows what the reader's system prefers; each has a ground of its own.
STYLE = """
:root { --page: #ffffff; --ink: #1c2330; --soft: #5b6577; --box: #ffffff; --line: #c3cad6;
  --private: #eef5f4; --private-line: #2a7f78; --aws: #fdf4e7; --aws-line: #b86e00;
  --requests: #2457c5; --data: #2e7d46; }
@media (prefers-color-scheme: dark) { :root { --page: #14181f; --ink: #e4e8ef; --soft: #9aa5b8; --box: #1c222c;
  --line: #46526a; --private: #152423; --private-line: #5fbdb4; --aws: #2a2114; --aws-line: #e0a04a;
  --requests: #8ab4ff; --data: #7ed49a; } }
text { font-family: system-ui, "Segoe UI", "Helvetica Neue", Arial, sans-serif; fill: var(--ink); }
.page { fill: var(--page); }
.panel { stroke-width: 1.5; } .panel.private { fill: var(--private); stroke: var(--private-line); }
.panel.aws { fill: var(--aws); stroke: var(--aws-line); }
.head { font-size: 17px; font-weight: 600; } .head.private { fill: var(--private-line); }
.head.aws { fill: var(--aws-line); }
.box { fill: var(--box); stroke: var(--line); stroke-width: 1.2; }
.box.shop { stroke: var(--requests); } .box.bridge { stroke: var(--data); stroke-width: 1.6; }
.title { font-size: 15px; font-weight: 600; } .small { font-size: 12px; fill: var(--soft); }
.fact { font-size: 12px; } .count { font-size: 11px; fill: var(--soft); text-anchor: end; }
.centre { text-anchor: middle; }
.arrow { fill: none; stroke-width: 2; }
.arrow.requests { stroke: var(--requests); } .arrow.data { stroke: var(--data); }
.tip.requests { fill: var(--requests); } .tip.data { fill: var(--data); }
"""
Place = tuple[int, int, int, int]


def picture(sketch: Sketch, stack: str) -> str:
    """The SVG of what a stack declares."""
    root = Element("svg", xmlns="http://www.w3.org/2000/svg", viewBox=f"0 0 {WIDTH} {HEIGHT}", role="img")
    total = sum(sketch.counts.values())
    SubElement(root, "title").text = f"Rialto's architecture, as the stack {stack} declares it"
    SubElement(root, "style").text = STYLE
    _tips(root)
    SubElement(root, "rect", {"class": "page"}, width=str(WIDTH), height=str(HEIGHT), rx="10")
    for side, (head, left) in PANELS.items():
        _panel(root, side, head, left)
    for arrow in sketch.arrows:
        source, target = (_placed(key, sketch) for key in (arrow.source, arrow.target))
        _line(root, _path(source, target), arrow.kind)
    _shop(root)
    for key, box in sketch.boxes.items():
        _box(root, box, sketch.facts[key], sketch.counts[key])
    _legend(root, f"{stack}: {total} resources; in each box, its share of them")
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode") + "\n"


def _tips(root: Element) -> None:
    definitions = SubElement(root, "defs")
    for kind in ("requests", "data"):
        marker = SubElement(
            definitions,
            "marker",
            {"id": kind, "viewBox": "0 0 8 8", "refX": "7", "refY": "4", "orient": "auto-start-reverse"},
            markerWidth="5",
            markerHeight="5",
        )
        SubElement(marker, "path", {"class": f"tip {kind}"}, d="M0 0L8 4L0 8z")


def _panel(root: Element, side: str, head: str, left: int) -> None:
    _rect(root, (left, PANEL_TOP, PANEL_WIDTH, PANEL_HEIGHT), f"panel {side}", radius=12)
    _text(root, left + PANEL_WIDTH - 15, PANEL_TOP + 29, head, f"head {side}", anchor="end")


def _shop(root: Element) -> None:
    left, top, width, _ = SHOP_PLACE
    _rect(root, SHOP_PLACE, "box shop", radius=17)
    _text(root, left + width // 2, top + 22, "Shop", "title centre")


def _box(root: Element, box: Box, facts: tuple[str, ...], count: int) -> None:
    left, top, width, _ = place = _place(box)
    _rect(root, place, f"box {box.side}", radius=8)
    _text(root, left + 12, top + 23, box.title, "title")
    _text(root, left + width - 10, top + 22, str(count), "count")
    _text(root, left + 12, top + 41, box.role, "small")
    for index, fact in enumerate(facts):
        _text(root, left + 12, top + 58 + 16 * index, fact, "fact")


def _legend(root: Element, words: str) -> None:
    """Beside the shop, where nothing else is."""
    left, base = 270, SHOP_PLACE[1] + 22
    for kind in ("requests", "data"):
        _line(root, f"M{left} {base - 4}H{left + 34}", kind)
        _text(root, left + 42, base, kind, "small")
        left += 122
    _text(root, PANELS["aws"][1] + PANEL_WIDTH, base, words, "small", anchor="end")


def _path(source: Place, target: Place) -> str:
    """From side to side within a row, up or down within a column, else from corner to corner."""
    x1, y1, w1, h1 = source
    x2, y2, w2, h2 = target
    if y1 == y2:
        return f"M{x1 + w1} {y1 + h1 // 2}H{x2}"
    begin, end = (y1 + h1, y2) if y2 > y1 else (y1, y2 + h2)
    if x1 == x2:
        return f"M{x1 + w1 // 2} {begin}V{end}"
    left, right = (x1 + w1 - CORNER, x2 + CORNER) if x2 > x1 else (x1 + CORNER, x2 + w2 - CORNER)
    return f"M{left} {begin}L{right} {end}"


def _placed(key: str, sketch: Sketch) -> Place:
    return SHOP_PLACE if key == SHOP else _place(sketch.boxes[key])


def _place(box: Box) -> Place:
    width = BRIDGE_WIDTH if box.side == "bridge" else BOX_WIDTH
    column, row = box.place
    return LEFT[box.side] + column * COLUMN_STEP, TOP + row * ROW_STEP, width, BOX_HEIGHT


def _line(root: Element, path: str, kind: str) -> None:
    SubElement(root, "path", {"class": f"arrow {kind}", "marker-end": f"url(#{kind})"}, d=path)


def _rect(root: Element, place: Place, kind: str, radius: int) -> None:
    left, top, width, height = (str(each) for each in place)
    SubElement(root, "rect", {"class": kind}, x=left, y=top, width=width, height=height, rx=str(radius))


def _text(root: Element, left: int, top: int, words: str, kind: str, anchor: str = "") -> None:
    extra = {"text-anchor": anchor} if anchor else {}
    SubElement(root, "text", {"class": kind, **extra}, x=str(left), y=str(top)).text = words
