import pytest
from rich.console import Console

from scripts.benchmarks.contest.comparison import comparisons, losses, table
from scripts.benchmarks.contest.rounds import Sweep
from scripts.benchmarks.contest.verdict import rows
from tests.scripts.benchmarks.found import found, window

GAIN = "Triton INT8 over FastAPI + PyTorch fp32: throughput at p99 <= 50 ms"
OVERHEAD = "Triton INT8 on top of bare onnxruntime INT8: one caller, p50"
REQUESTS = "requests behind each p99 at Poisson load"


def by_name(measured):
    return {row.name: row for row in rows(measured)}


def test_goals_that_are_reached_are_met():
    named = by_name(found(triton=2000, eager=450, one_caller_ms=1.2))

    assert (named[GAIN].measured, named[GAIN].goal, named[GAIN].met) == (
        pytest.approx(4.44, abs=0.01),
        4,
        True,
    )
    assert (named[OVERHEAD].measured, named[OVERHEAD].met) == (pytest.approx(0.7), True)
    assert (named[REQUESTS].measured, named[REQUESTS].met) == (3 * 270 * 13, True)


def test_goals_that_are_missed_are_rows_all_the_same():
    named = by_name(found(triton=1700, eager=450, one_caller_ms=1.6))

    assert (named[GAIN].measured, named[GAIN].met) == (pytest.approx(3.78, abs=0.01), False)
    assert (named[OVERHEAD].measured, named[OVERHEAD].met) == (pytest.approx(1.1), False)


def test_a_run_promises_the_same_rows_whatever_comes_out():
    slow = found(triton=20)
    for sweeps in slow.sweeps.values():
        sweeps[:] = [Sweep({1: window(10, p99=400)})] * 3

    assert list(by_name(slow)) == list(by_name(found()))
    assert len(by_name(slow)) == len(rows(slow))
    assert [name for name, row in by_name(found()).items() if row.goal is not None] == [
        GAIN,
        OVERHEAD,
        REQUESTS,
    ]


def test_who_holds_no_p99_at_all_has_no_throughput_and_no_ratio():
    failing = found()
    failing.sweeps["triton"][:] = [Sweep({1: window(10, p99=400)})] * 3
    named = by_name(failing)

    assert named["Triton INT8: throughput at p99 <= 50 ms"].measured == 0
    assert named[GAIN].as_dict()["measured"] is None
    assert named[GAIN].met is False


def test_one_noisy_round_does_not_decide():
    noisy = found()
    noisy.sweeps["triton"][1] = Sweep({1: window(100, p99=70)})

    assert by_name(noisy)[GAIN].measured == by_name(found())[GAIN].measured


def test_latency_gains_turn_round_so_that_more_is_always_better_for_triton():
    named = by_name(found(one_caller_ms=1.5))

    assert named["Triton INT8 over FastAPI + PyTorch fp32: one caller, p50"].measured == pytest.approx(2.0)
    assert named["Triton INT8 over FastAPI + onnxruntime INT8: one caller, p50"].measured == pytest.approx(
        2 / 3
    )


def test_what_triton_loses_is_said_in_a_line():
    line = losses(found(one_caller_ms=1.6))

    assert line.startswith("Triton loses ")
    assert "one caller, p50 to FastAPI + onnxruntime INT8 (0.62x)" in line
    assert "PyTorch" not in line


def test_the_table_has_every_measure_of_every_contender(capsys):
    Console(width=200).print(table(found()))
    printed = capsys.readouterr().out

    for measure in comparisons(found()):
        assert measure.name in printed
    assert "450 /s (4.44x)" in printed
