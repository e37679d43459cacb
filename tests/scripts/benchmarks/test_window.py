import numpy as np
import pytest

from scripts.benchmarks.load.window import Window, percentile


def window(latencies) -> Window:
    return Window(
        latencies_ms=np.array(latencies, float), late_ms=np.empty(0), seconds=2.0, caller_seconds=0.5
    )


@pytest.mark.parametrize(("percent", "value"), [(50, 50), (99, 99), (99.5, 100), (100, 100), (1, 1)])
def test_a_percentile_is_the_nearest_rank_of_what_really_occurred(percent, value):
    shuffled = np.random.default_rng(0).permutation(np.arange(1.0, 101.0))

    assert percentile(shuffled, percent) == value


def test_a_single_slow_request_in_ninety_nine_is_the_p99():
    assert window([1] * 98 + [400]).latency(99) == 400
    assert window([1] * 99 + [400]).latency(99) == 1


def test_no_answer_is_infinitely_slow_and_no_throughput():
    assert window([]).latency(50) == float("inf")
    assert window([]).throughput == 0


def test_throughput_and_the_callers_share_are_over_the_window():
    assert window([1, 2, 3, 4]).throughput == 2
    assert window([1, 2, 3, 4]).caller_ms == 125
