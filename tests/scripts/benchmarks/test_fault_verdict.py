import numpy as np
import pytest

from scripts.benchmarks.fault.course import TENTHS, Course, Killed, Soaked
from scripts.benchmarks.fault.servers import PARTS, Kill
from scripts.benchmarks.fault.verdict import of_kills, of_soak
from scripts.benchmarks.load.job import Outcome

COURSE = Course(kills=2, requests=1000, soak=2000, batch=100)
KILLS = [Kill(7, 2.0, 0.3, 6.0), Kill(8, 6.0, 0.1, 9.0)]


def asked(outcome=Outcome.MODEL):
    """A hundred a second for ten seconds, each answered in 9 ms, but in 90 ms within a second of a kill."""
    begin = np.arange(1000) / 100
    late = ((begin >= 2) & (begin < 3)) | ((begin >= 6) & (begin < 7))
    return np.column_stack([begin, np.where(late, 0.09, 0.009), np.full(1000, outcome)])


def found(killed=None, last=100.0):
    """Each process took 100 MiB after the first tenth of the soak, and `last` after the last."""
    readings = np.linspace(100.0, last, TENTHS)
    return Killed(kills=KILLS, asked=asked() if killed is None else killed), Soaked(
        asked=np.tile(asked(), (2, 1)),
        counts=[200 * tenth for tenth in range(1, TENTHS + 1)],
        memory=[dict.fromkeys(PARTS, mib) for mib in readings.tolist()],
    )


def by_name(measured):
    killed, soaked = measured
    return {row.name: row for row in [*of_kills(killed, COURSE), *of_soak(soaked, COURSE)]}


def test_a_run_where_nothing_fails_and_nothing_grows_meets_every_goal():
    named = by_name(found())

    goals = [row.met for row in named.values() if row.goal is not None]
    assert goals == [True] * (2 * 3 + len(PARTS))


@pytest.mark.parametrize(
    ("outcome", "row"), [(Outcome.FAILED, "failed"), (Outcome.AGAIN, "told to come again")]
)
def test_one_lost_request_misses_a_goal(outcome, row):
    one_lost = asked()
    one_lost[500, 2] = outcome

    named = by_name(found(killed=one_lost))

    assert (named[f"Triton killed 2 times: {row}"].measured, named[f"soak: {row}"].measured) == (1, 0)
    assert (named[f"Triton killed 2 times: {row}"].met, named[f"soak: {row}"].met) == (False, True)


def test_too_few_requests_miss_a_goal():
    assert by_name(found(killed=asked()[:999]))["Triton killed 2 times: requests"].met is False


def test_a_fallback_is_shown_and_is_no_failure():
    named = by_name(found(killed=asked(Outcome.FALLBACK)))

    fallbacks = named["Triton killed 2 times: what sells, `fallback`"]
    assert (fallbacks.measured, fallbacks.met) == (1000, None)
    assert named["Triton killed 2 times: failed"].met


def test_latencies_after_a_kill_stand_beside_the_rest_and_the_slowest_return_counts():
    named = by_name(found())

    assert named["p99 in the 2 s after a kill"].measured == pytest.approx(90)
    assert named["longest of the rest"].measured == pytest.approx(9)
    assert named["longest until the edge knew of a kill"].measured == 0.3
    assert named["longest until a killed Triton answered callers again"].measured == 9.0


def test_a_kill_while_nobody_asks_shows():
    begin = asked()[:, 0]
    quiet = asked()[(begin < 5.9) | (begin > 6.1)]

    assert by_name(found())["fewest requests under way when it was killed"].measured > 0
    assert by_name(found(killed=quiet))["fewest requests under way when it was killed"].measured == 0


def test_a_process_that_grows_by_more_than_a_twentieth_misses_its_goal():
    small, large = by_name(found(last=104.0)), by_name(found(last=106.0))

    assert small["gateway: at the end over after a tenth"].met
    assert not large["gateway: at the end over after a tenth"].met
    # 6 MiB in the 1,800 requests after the first tenth.
    assert large["gateway: growth in 10,000 requests"].measured == pytest.approx(6 / 1800 * 10_000)
