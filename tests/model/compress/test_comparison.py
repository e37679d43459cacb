from dataclasses import replace

import pytest

from model.artifact import GateError
from model.compress.comparison import Entry, choose, front
from model.compress.report import as_html, as_markdown
from model.compress.speed import Speed
from model.compress.workshop import Kept

FAST, SLOW = (Speed(p50_1=p50, p99_1=9.0, p50_8=9.0, p99_8=9.0, peak_mib=12.0) for p50 in (1.0, 2.0))


def entry(name, share, speed, size=100):
    kept = Kept(ndcg=0.2 * share, share=share, overlap=0.9, size=size, flops=5_000_000)
    return Entry(name=name, about="a way", kept=kept, speed=speed, numbers=1000)


FP32 = entry("fp32", 1.0, SLOW)
INT8 = entry("int8", 0.99, FAST, size=30)
ROUGH = replace(entry("rough", 0.8, None, size=10), numbers=None)


def test_the_fastest_that_keeps_enough_is_shipped():
    assert choose([FP32, INT8, ROUGH], 0.97) is INT8
    assert choose([FP32, INT8, ROUGH], 0.995) is FP32


def test_where_nothing_keeps_enough_every_share_is_said_and_nothing_is_shipped():
    with pytest.raises(GateError, match=r"no variant keeps 97% .*: rough 80.0%; nothing is released"):
        choose([ROUGH], 0.97)


def test_the_front_leaves_out_what_another_beats_in_everything():
    worse = entry("worse", 0.98, SLOW, size=40)

    assert front([FP32, INT8, ROUGH, worse]) == {"fp32", "int8"}
    assert front([FP32, replace(FP32, name="twin")]) == {"fp32", "twin"}


def test_the_report_names_the_choice_and_keeps_what_was_refused():
    entries = [FP32, INT8, ROUGH]
    text = as_markdown("a release", entries, INT8, 0.97)
    page = as_html("a <release>", text, entries)

    assert "**int8** is the fastest at batch 1 that keeps 97% of fp32's NDCG@10" in text
    assert next(line for line in text.splitlines() if line.startswith("| rough")).endswith("| refused |")
    assert len({line.count("|") for line in text.splitlines() if line.startswith("|")}) == 1
    assert page.count("<circle") == 2
    assert "<table>" in page
    assert "a &lt;release&gt;" in page
