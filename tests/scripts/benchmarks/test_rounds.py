import pytest

from scripts.benchmarks.contest.plan import FULL, SHORT, START_SECONDS, Plan
from scripts.benchmarks.contest.rounds import POISSON_SHARE, agreement, measure
from scripts.benchmarks.load.job import Ask, ClosedLoop, Poisson
from serving.failure import ServerError
from tests.scripts.benchmarks.found import sweep, window

PLAN = Plan(
    rounds=3,
    levels=(1, 2, 4, 8),
    warmup_seconds=0.1,
    window_seconds=0.4,
    poisson_seconds=1.0,
    longest_poisson_seconds=2.0,
)
# Throughput of each with enough callers; their p99 grows with the callers.
RATES = {"bare": 1000, "triton": 2000, "graph": 900, "eager": 400}
TARGETS = {key: key for key in RATES}


class Load:
    """Answers jobs by the book, and keeps them."""

    def __init__(self, answers=None) -> None:
        self.answers = answers or {}
        self.jobs = []

    def run(self, target, job):
        self.jobs.append((target, job))
        match job:
            case Ask():
                return self.answers.get(target, [list(range(1, 11))] * job.requests)
            case ClosedLoop():
                slow = {"eager": 20.0}.get(target, 5.0)
                return window(RATES[target] * job.connections / 8, p99=slow * job.connections)
            case Poisson():
                return window(job.rate, p99=10, seconds=1)

    def of(self, kind):
        return [(target, job) for target, job in self.jobs if isinstance(job, kind)]


def quiet(what, seconds):
    pass


def test_the_best_throughput_is_the_highest_whose_p99_holds():
    assert sweep(at_1=(300, 5), at_8=(900, 49.9), at_16=(1200, 50.1)).best == (8, 900)
    assert sweep(at_1=(300, 5), at_8=(900, 20), at_16=(850, 40)).best == (8, 900)


def test_nothing_holds_where_even_one_caller_waits_too_long():
    assert sweep(at_1=(10, 80)).best == (0, 0.0)
    assert sweep(at_1=(10, 80)).saturation == 10


def test_contenders_take_turns_in_every_round():
    load = Load()
    measure(load, TARGETS, PLAN, quiet)

    turns = [target for target, job in load.of(ClosedLoop) if job.connections == 1]
    assert turns == ["bare", "triton", "graph", "eager"] * 3
    assert [target for target, _ in load.of(Poisson)] == ["triton", "graph", "eager"] * 3


def test_callers_become_more_until_the_p99_passes_its_limit():
    load = Load()
    found = measure(load, TARGETS, PLAN, quiet)

    assert list(found.sweeps["triton"][0].windows) == [1, 2, 4, 8]
    # 20 ms a caller: four of them pass 50 ms, and eight are not tried.
    assert list(found.sweeps["eager"][0].windows) == [1, 2, 4]
    assert list(found.sweeps["bare"][0].windows) == [1]


def test_the_poisson_load_is_the_same_for_all_and_a_share_of_what_the_slowest_can_do():
    load = Load()
    found = measure(load, TARGETS, PLAN, quiet)

    jobs = [job for _, job in load.of(Poisson)]
    assert {job.rate for job in jobs} == {found.rate} == {POISSON_SHARE * 200}
    # Within a round the same arrivals, in the next one others.
    assert [job.seed for job in jobs] == [1, 1, 1, 2, 2, 2, 3, 3, 3]


def test_progress_adds_up_to_what_was_announced():
    told = []
    measure(Load(), TARGETS, PLAN, lambda what, seconds: told.append(seconds))

    # Levels that are left out count as done.
    assert sum(told) == pytest.approx(PLAN.seconds - START_SECONDS)


def test_a_contender_that_recommends_something_else_is_not_measured():
    others = Load({"graph": [[11, 12, 13, 14, 15, 16, 17, 18, 1, 2]] * 32})

    with pytest.raises(ServerError, match=r"^FastAPI \+ onnxruntime INT8 recommends only 20% "):
        agreement(others, TARGETS)


def test_agreement_is_the_share_of_the_top_ten_in_any_order():
    reordered = Load({"triton": [[*range(10, 1, -1), 99]] * 32})

    assert agreement(reordered, TARGETS) == {"bare": 1, "triton": 0.9, "graph": 1, "eager": 1}


def test_a_full_run_takes_ten_minutes_at_most_and_a_short_one_less_than_one():
    assert FULL.rounds >= 3
    assert SHORT.rounds >= 3
    extra = 3 * FULL.rounds * (FULL.longest_poisson_seconds - FULL.poisson_seconds)
    assert FULL.seconds + extra <= 600
    assert SHORT.seconds < 60


@pytest.mark.parametrize(
    ("rate", "requests"),
    [
        # 10,000 in three rounds need 33 seconds each, and 24 seconds are more than enough.
        (100, 10_000),
        (300, 3 * 300 * 24),
        # A very slow machine: the time allows no more.
        (20, 3 * 20 * 36),
    ],
)
def test_a_full_run_sends_ten_thousand_requests_if_the_time_allows(rate, requests):
    assert requests <= FULL.rounds * FULL.poisson_requests(rate) <= requests + FULL.rounds
