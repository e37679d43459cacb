import numpy as np
import pytest

from scripts.benchmarks.contest.rounds import Sweep
from scripts.benchmarks.domain.rounds import FULL, Found
from scripts.benchmarks.domain.servers import NAMES, SHOPS
from scripts.benchmarks.domain.verdict import rows
from scripts.benchmarks.load.job import Outcome
from tests.scripts.benchmarks.found import window

BEGIN, END = FULL.surge_seconds, 2 * FULL.surge_seconds


def found(surge=None, **throughput):
    """Three rounds in which each answers what is given, 400 a second otherwise, and one caller waits 2 ms."""
    result = Found()
    for key in NAMES:
        sweep = Sweep({1: window(200, p99=5), 16: window(throughput.get(key, 400), p99=20)})
        result.sweeps[key] = [sweep] * 3
    for key in SHOPS:
        result.equal[key] = result.high[key] = [window(throughput.get(key, 400), p99=20)] * 3
    result.equal_rate, result.high_rates = 240, dict.fromkeys(SHOPS, 280)
    result.surge = np.array(surge or steady(400))
    return result


def steady(rate, seconds=0.01, outcome=Outcome.MODEL):
    """Requests that are due all through the three phases, with one fate."""
    return [(due, seconds, outcome) for due in np.arange(0, END + BEGIN, 1 / rate).tolist()]


def by_name(measured):
    return {row.name: row for row in rows(measured, FULL)}


def goal(named, start):
    (row,) = [row for name, row in named.items() if name.startswith(start)]
    return row


def test_a_run_promises_the_same_rows_whatever_comes_out():
    nothing = found(steady(400, outcome=Outcome.FAILED), shop=1, eager=1)

    assert [name.partition(" (")[0] for name in by_name(nothing)] == [
        name.partition(" (")[0] for name in by_name(found())
    ]
    assert sum(row.goal is not None for row in by_name(found()).values()) == 10


def test_the_throughput_is_compared_with_pytorch_behind_the_same_edge():
    named = by_name(found(shop=1800, eager=400))

    row = goal(named, f"{NAMES['shop']} over {NAMES['eager']}: throughput")
    assert (row.measured, row.met) == (pytest.approx(4.5), True)


def test_batching_is_on_over_off():
    row = goal(by_name(found(triton=900, unbatched=500)), "dynamic batching")

    assert (row.measured, row.met) == (pytest.approx(1.8), True)


def test_goodput_is_what_the_model_answered_in_time_while_twice_as_many_asked():
    late = [
        (due, 0.2, outcome) if BEGIN <= due < END else (due, took, outcome)
        for due, took, outcome in steady(400)
    ]

    assert goal(by_name(found()), "twice saturation: goodput").measured == pytest.approx(1, abs=0.01)
    assert goal(by_name(found(late)), "twice saturation: goodput").met is False


def test_recovery_is_when_the_last_bad_answer_was_asked_for():
    slow = [
        (due, took, Outcome.FALLBACK if END <= due < END + 4 else outcome)
        for due, took, outcome in steady(400)
    ]

    assert goal(by_name(found()), "twice saturation: last bad").measured == 0
    row = goal(by_name(found(slow)), "twice saturation: last bad")
    assert (row.measured, row.met) == (pytest.approx(4, abs=0.01), False)


def test_a_failure_of_any_other_kind_misses_the_goal():
    failed = [*steady(400), (BEGIN + 1, 0.01, Outcome.FAILED)]

    assert goal(by_name(found()), "twice saturation: neither").met
    assert goal(by_name(found(failed)), "twice saturation: neither").met is False
