import numpy as np
import pytest
import torch

from model.artifact import GateError
from model.calibrate import Calibration
from model.compress import quantize
from model.export import export
from model.runtime import session

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def graphs(fresh_model, with_collaborative_part, tmp_path_factory):
    """One export serves all tests: it is the slow part."""
    folder = tmp_path_factory.mktemp("fp32")
    export(with_collaborative_part(fresh_model()), Calibration(0.7, -1.0), folder)
    return folder


def ask(graphs, ids, ages=None, exclude=False, k=10):
    ids = np.array(ids, np.int64)
    ages = np.ones(ids.shape, np.float32) if ages is None else np.array(ages, np.float32)
    size = (len(ids), 1)
    return session(graphs / "recommend.onnx", 1).run(
        ["item_ids", "scores"],
        {
            "history_ids": ids,
            "history_ages": ages,
            "exclude_seen": np.full(size, exclude),
            "k": np.full(size, k, np.int64) if isinstance(k, int) else np.array(k, np.int64)[:, None],
        },
    )


def chances(graphs, ids, candidates):
    ids = np.array(ids, np.int64)
    feed = {"history_ids": ids, "history_ages": np.ones(ids.shape, np.float32)}
    return session(graphs / "predict.onnx", 1).run(
        None, {**feed, "candidate_ids": np.array(candidates, np.int64)}
    )[0]


def test_the_exported_graphs_keep_to_the_signature_and_their_contract(graphs, model, with_collaborative_part):
    model = with_collaborative_part(model)
    V = model.config.catalogue
    plain_ids, plain_scores = ask(graphs, [[1, 2, 3]])

    # Any length of history, also one event and more than the model looks at.
    long = np.tile(np.arange(1, V + 1), 6)[None]
    assert ask(graphs, [[5]])[0].shape == (1, 10)
    newest = long[:, -model.config.max_history :]
    np.testing.assert_allclose(ask(graphs, long)[1], ask(graphs, newest)[1], atol=1e-4)

    # Unknown indices count as padding.
    np.testing.assert_allclose(ask(graphs, [[V + 9, -4, 1, 2, 3]])[1], plain_scores, atol=1e-4)

    # No history: the most popular items, which are those with the highest bias.
    expected = model.bias.detach()[1:].topk(10).indices.numpy() + 1
    assert ask(graphs, [[0]])[0][0].tolist() == expected.tolist()

    # Ages that make no sense count as today and spoil nothing.
    odd = ask(graphs, [[1, 2, 3]], [[np.nan, -5, 0]])[1]
    np.testing.assert_allclose(odd, ask(graphs, [[1, 2, 3]], [[0, 0, 0]])[1], atol=1e-4)
    assert np.isfinite(ask(graphs, [[1, 2]], [[np.inf, 1e30]])[1]).all()

    # Seen items are left out on request.
    assert not {1, 2, 3} & set(ask(graphs, [[1, 2, 3]], exclude=True)[0][0].tolist())

    # k is held between 1 and V, and a batch is answered with its largest.
    assert ask(graphs, [[1]], k=0)[0].shape == (1, 1)
    assert ask(graphs, [[1]], k=10**6)[0].shape == (1, V)
    both = ask(graphs, [[1, 2, 3], [4, 5, 6]], k=[3, 10])[0]
    assert both.shape == (2, 10)
    assert both[0].tolist() == plain_ids[0].tolist()
    assert (np.diff(plain_scores) <= 0).all()

    # Probabilities follow the calibrated logits; what is not in the catalogue has none.
    with torch.no_grad():
        logits = model(torch.tensor([[1, 2, 3]]), torch.ones(1, 3))[0]
    chance = chances(graphs, [[1, 2, 3]], [[1, 30, 0, V + 1]])[0]
    expected = torch.sigmoid(0.7 * logits[[1, 30]] - 1.0).numpy()
    np.testing.assert_allclose(chance[:2], expected, atol=1e-4)
    assert chance[2:].tolist() == [0, 0]


def test_int8_stays_close_and_the_gate_refuses_with_the_numbers(graphs, tmp_path):
    small = tmp_path / "int8"
    small.mkdir()
    before, after = quantize(graphs, small, lambda folder: 0.2 if folder == graphs else 0.199)

    assert (before, after) == (0.2, 0.199)
    assert (small / "recommend.onnx").stat().st_size < (graphs / "recommend.onnx").stat().st_size
    ids = np.random.default_rng(0).integers(1, 40, (16, 12))
    full, quantized = (ask(folder, ids)[0] for folder in (graphs, small))
    overlap = np.mean([len(set(a) & set(b)) / 10 for a, b in zip(full, quantized, strict=True)])
    assert overlap > 0.8

    refused = tmp_path / "refused"
    refused.mkdir()
    with pytest.raises(GateError, match=r"0\.1970, fp32 0\.2000: 98\.5% kept, below the gate of 99%"):
        quantize(graphs, refused, lambda folder: 0.2 if folder == graphs else 0.197)
    assert not refused.exists()


def test_a_graph_that_answers_otherwise_than_the_model_is_not_exported(model, tmp_path, monkeypatch):
    monkeypatch.setattr("model.export.MASKED", 0.0)
    monkeypatch.setattr("model.export._Served.known", lambda self, ids: (ids > 1) & (ids <= 40))

    with pytest.raises(AssertionError, match="not close"):
        export(model, Calibration(1.0, 0.0), tmp_path)
