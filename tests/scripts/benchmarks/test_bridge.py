from scripts.benchmarks.bridge import rows

LOSS = {"sent": 100, "lost": 7, "outage_seconds": 6.5}


def row(found, name):
    return next(each for each in rows(found) if each.name.startswith(name))


def test_the_worst_repetition_is_held_against_the_goal():
    found = {"scenarios": {"tunnel-dies": [LOSS, {**LOSS, "outage_seconds": 11.0}]}}

    measured = row(found, "an endpoint dies: silence of a flow")

    assert (measured.measured, measured.goal, measured.met) == (11.0, 10.0, False)


def test_what_a_run_that_stopped_early_could_not_measure_is_a_row_and_no_success():
    measured = row(
        {"scenarios": {}, "error": "tunnel-dies: all flows flow"}, "planned rotation of a key: lost"
    )

    assert measured.measured is None
    assert measured.met is False


def test_a_plain_packet_anywhere_in_the_run_misses_the_goal():
    found = {"scenarios": {}, "capture": {"counts": {"esp": 5, "plain": 1}}}

    assert row(found, "plain packets on the wire, whole run").met is False
