import json
from dataclasses import replace

import numpy as np
import pytest

from model.data import prepare
from model.inputs import ReleaseConfig
from model.sequence import requests
from scripts.benchmarks.race import ours, peer
from scripts.benchmarks.race.course import Course
from scripts.benchmarks.race.peak import Profile, matmul_peak
from scripts.benchmarks.training import Found, rows
from tests.scripts.benchmarks.toys import lists, rows_of

USERS = 120
SLOW = Course(
    positions=1000,
    stepping_seconds=10.0,
    seconds=12.0,
    processor_seconds=18.0,
    epochs=1,
    ndcg=0.01,
    hr=0.02,
)


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    file = lists(tmp_path_factory.mktemp("lists"), USERS)
    return ReleaseConfig(recipe="sequences_smoke_ids", source="sequences", path=str(file))


@pytest.fixture(scope="module")
def prepared(inputs):
    return prepare(inputs.data)


def found(theirs):
    fast = replace(SLOW, positions=2900, ndcg=0.05)
    profile = Profile(seconds=0.1, operations=2e9, slowest="")
    return Found(
        courses={"ids alone": fast}, with_votes={"ids alone": 0.06}, peer=theirs, profile=profile, peak=1e11
    )


def test_pace_and_quality_are_held_against_the_peers():
    written = {row.name: row for row in rows(found(SLOW))}

    pace = written["positions trained a second, ids alone: times the peer's"]
    assert (pace.measured, pace.met) == (pytest.approx(2.9), False)
    assert written["NDCG@10, ids alone, the transformer, goal: above the peer"].met is True
    assert written["RecBole's SASRec: cores that it had"].measured == pytest.approx(1.5)
    assert written["a step of ours: share of the peak"].measured == pytest.approx(20.0)


def test_without_the_peer_every_row_is_there_and_its_goal_is_missed():
    without = {row.name: row for row in rows(found(None))}

    assert without.keys() == {row.name for row in rows(found(SLOW))}
    assert without["positions trained a second, ids alone: times the peer's"].met is False
    assert without["RecBole's SASRec: NDCG@10"].measured is None


def test_the_peers_rankings_are_judged_without_what_the_history_holds(prepared, tmp_path):
    test = requests(prepared.events, "test", 16)
    # The best rank for what was bought, had not everything seen stood before it.
    seen_first = [np.concatenate([r.history_ids, r.items]) for r in test]
    everything = np.arange(1, len(prepared.items) + 1)
    first = [np.concatenate([some, np.setdiff1d(everything, some)]) for some in seen_first]
    np.savez(tmp_path / "ranked.npz", users=[r.user for r in test][::-1], items=np.stack(first)[::-1])
    course = {"positions": 9, "stepping_seconds": 1.0, "seconds": 2.0, "processor_seconds": 2.0, "epochs": 1}
    (tmp_path / "course.json").write_text(json.dumps({**course, "validation": 0.5}))

    answered = peer.answer(tmp_path, test)

    assert (answered.ndcg, answered.hr, answered.pace) == (1.0, 1.0, 9.0)


def test_a_run_that_had_no_time_for_an_epoch_says_what_to_do(inputs, prepared, tmp_path):
    config = inputs.train_config(len(prepared.items))

    with pytest.raises(ValueError, match=r"are too few for one epoch of 960 events here; give more minutes"):
        ours.race(prepared, config, 0, 1e-6, tmp_path)


def test_every_position_whose_loss_is_computed_counts_once_an_epoch(inputs, prepared, tmp_path):
    config = inputs.train_config(len(prepared.items))
    course, _ = ours.race(prepared, replace(config, requests_per_sequence=16), 0, 600.0, tmp_path)

    # Of eight items two are held out, and the first has no history; a window that starts late asks for some again.
    pairs = USERS * (8 - 2 - 1)
    assert pairs * config.epochs <= course.positions < 2 * pairs * config.epochs
    assert course.epochs == config.epochs


def test_the_peak_is_of_this_machine():
    assert 1e8 < matmul_peak() < 1e14


@pytest.mark.slow
def test_recboles_own_trainer_races_where_it_is_installed(prepared, tmp_path):
    try:
        peer.interpreter()
    except ValueError:
        pytest.skip("needs RecBole, gigabytes that no test brings: python3 scripts/setup recbole")

    course = peer.race(prepared, context=16, seed=0, seconds=3.0, threads=1, folder=tmp_path / "job")

    assert course.positions % (USERS * 5) == 0
    assert course.positions >= USERS * 5
    # Even untrained it ranks thirty items for everybody.
    assert 0 < course.hr <= 1


@pytest.mark.slow
def test_the_short_training_benchmark_writes_every_row_without_the_peer(tmp_path):
    file = lists(tmp_path, USERS)

    written = rows_of("training", "training", tmp_path / "cache", "--short", str(file))

    assert written.keys() == {
        row.name
        for row in rows(
            replace(
                found(None),
                courses=dict.fromkeys(("ids alone", "with attributes"), SLOW),
                with_votes=dict.fromkeys(("ids alone", "with attributes"), 0.1),
            )
        )
    }
    assert written["a step of ours: share of the peak"]["measured"] > 0
