import numpy as np
import pytest

from model.session.table import BOUGHT, LEAK, Columns, read
from tests.model.session.visits import visits


def changed(file, line, column, value):
    """Write `value` into one field; line 1 is the heading."""
    lines = [text.split(",") for text in file.read_text().splitlines()]
    lines[line - 1][lines[0].index(column)] = value
    file.write_text("\n".join(map(",".join, lines)) + "\n")
    return file


@pytest.mark.parametrize(
    ("column", "value", "wanted"),
    [
        ("BounceRates", "often", "a number of 0 or more"),
        ("PageValues", "-1", "a number of 0 or more"),
        ("ExitRates", "", "a number of 0 or more"),
        ("Month", "", "a name or number"),
        ("Revenue", "perhaps", "TRUE or FALSE"),
    ],
)
def test_a_wrong_field_is_refused_with_its_line_and_what_it_must_be(tmp_path, column, value, wanted):
    file = changed(visits(tmp_path, count=20), 7, column, value)

    with pytest.raises(ValueError, match=rf"visits.csv line 7: {column} is .*; it must be {wanted}"):
        read(file)


def test_a_file_without_a_column_is_refused(tmp_path):
    file = visits(tmp_path, count=20)
    file.write_text(file.read_text().replace("Month", "Moon"))

    with pytest.raises(ValueError, match=r"has no column Month; it has .*Moon"):
        read(file)


def test_columns_become_numbers_by_what_training_holds(tmp_path):
    sessions = read(visits(tmp_path))
    training, test = sessions[sessions["Month"] == "May"], sessions[sessions["Month"] == "Nov"]
    columns = Columns.of(training)

    np.testing.assert_allclose(columns.numbers(training).mean(0), 0, atol=1e-5)
    np.testing.assert_allclose(columns.numbers(training).std(0), 1, atol=1e-4)
    assert set(columns.codes(training)[:, 0]) == {1}
    # No session of that month was in training.
    assert set(columns.codes(test)[:, 0]) == {0}
    assert columns.sizes[0] == 2


def test_a_column_that_is_taken_away_is_nowhere(tmp_path):
    sessions = read(visits(tmp_path))
    without = Columns.of(sessions.drop(columns=LEAK))

    assert without.numbers(sessions).shape[1] == Columns.of(sessions).numbers(sessions).shape[1] - 1


def test_the_online_shoppers_are_read_whole(shared_data):
    sessions = read(shared_data("uci-online-shoppers/online_shoppers_intention.csv"))

    assert len(sessions) == 12_330
    assert sessions[BOUGHT].sum() == 1_908
    assert sessions["Month"].nunique() == 10
