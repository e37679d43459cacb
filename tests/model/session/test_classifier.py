import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from model.session.classifier import SessionConfig, train_sessions
from model.session.table import BOUGHT, LEAK, Columns, read
from tests.model.session.visits import visits

QUICK = SessionConfig(epochs=12, batch_size=64, learning_rate=1e-2)


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    """Sessions without the column that tells half of it."""
    sessions = read(visits(tmp_path_factory.mktemp("visits"))).drop(columns=LEAK)
    return sessions[:900], sessions[900:1200], sessions[1200:]


def test_the_network_finds_what_no_sum_of_columns_says(parts):
    training, validation, test = parts
    columns = Columns.of(training)

    def features(sessions):
        return np.hstack([columns.numbers(sessions), columns.codes(sessions)])

    line = LogisticRegression().fit(features(training), training[BOUGHT]).decision_function(features(test))
    network = train_sessions(training, validation, 0, QUICK)(test)

    assert roc_auc_score(test[BOUGHT], network) > 0.8
    assert roc_auc_score(test[BOUGHT], line) < 0.6


def test_the_same_seed_gives_the_same_network_and_another_seed_another(parts):
    training, validation, test = parts
    moment = SessionConfig(epochs=1)
    once, again, other = (train_sessions(training, validation, seed, moment)(test) for seed in (1, 1, 2))

    np.testing.assert_array_equal(once, again)
    assert not np.allclose(once, other)


def test_the_epoch_that_validation_likes_best_is_kept(parts):
    training, validation, test = parts
    # Outcomes at random: whatever is learned after the first steps is wrong.
    drawn = np.random.default_rng(0).permutation(training[BOUGHT].to_numpy())
    sure = SessionConfig(epochs=20, patience=20, batch_size=64, learning_rate=1e-2, dropout=0.0)

    logits = train_sessions(training.assign(**{BOUGHT: drawn}), validation, 0, sure)(test)

    assert np.abs(logits).mean() < 1
