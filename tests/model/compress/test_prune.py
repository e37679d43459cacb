from dataclasses import replace

import pytest
import torch
from torch import nn

from model.artifact import GateError
from model.compress import retrain
from model.compress.network import networks
from model.compress.prune import check_two_of_four, magnitude, settle, structured, two_of_four
from model.compress.retrain import Retraining


def layers(model):
    return [layer for layer in model.blocks.modules() if isinstance(layer, nn.Linear)]


def zeros(model):
    weights = torch.cat([layer.weight.flatten() for layer in layers(model)])
    return float((weights == 0).float().mean())


@pytest.fixture
def answers():
    """`answers(model)`: logits of two made-up histories."""
    ids = torch.tensor([[0, 3, 5, 3, 9, 1], [2, 2, 7, 8, 4, 6]])
    ages = torch.tensor([[9.0, 8, 7, 3, 2, 1], [30.0, 20, 10, 3, 2, 1]])
    return lambda model: model(ids, ages).detach()


@pytest.fixture
def retraining(prepared, small, tmp_path):
    return Retraining(prepared=prepared, config=small, seed=0, exclude_seen=False, folder=tmp_path)


def test_the_smallest_half_of_the_encoders_weights_become_zero_and_the_rest_stays(model):
    pruned = settle(magnitude(model, 0.5))
    size = torch.cat([layer.weight.abs().flatten() for layer in layers(model)])
    kept = torch.cat([layer.weight.abs().flatten() for layer in layers(pruned)])

    assert zeros(pruned) == pytest.approx(0.5, abs=0.001)
    assert size[kept == 0].max() <= size[kept != 0].min()
    assert torch.equal(size[kept != 0], kept[kept != 0])
    assert zeros(model) == 0


def test_two_of_four_neighbours_stay_the_larger_ones(model):
    pruned = check_two_of_four(settle(two_of_four(model)))

    assert zeros(pruned) == 0.5
    for before, after in zip(layers(model), layers(pruned), strict=True):
        groups, kept = before.weight.abs().reshape(-1, 4), after.weight.reshape(-1, 4) != 0
        assert (kept.sum(1) == 2).all()
        assert (groups.masked_fill(kept, 0).amax(1) <= groups.masked_fill(~kept, 9).amin(1)).all()


def test_a_model_that_is_not_two_of_four_does_not_pass_for_one(model):
    with pytest.raises(GateError, match="groups of a layer have more than 2 of 4 weights that are not zero"):
        check_two_of_four(settle(magnitude(model, 0.5)))


def test_inputs_that_make_no_groups_of_four_are_refused(fresh_model):
    with pytest.raises(ValueError, match="a layer has 34 inputs, 2:4 needs a multiple of 4"):
        two_of_four(fresh_model(feed_width=34))


@pytest.mark.parametrize("prune", [magnitude, structured])
@pytest.mark.parametrize("share", [0, 1, -0.1])
def test_a_share_that_prunes_nothing_or_everything_is_refused(model, prune, share):
    with pytest.raises(ValueError, match="which prunes nothing or everything"):
        prune(model, share)


def test_taking_heads_and_channels_out_answers_as_if_they_said_nothing(fresh_model, answers):
    model = fresh_model(heads=4, layers=2)
    silent = settle(magnitude(model, 0.001))
    with torch.no_grad():
        for block in silent.blocks:
            # Heads 0 and 3 of four, and every second channel.
            for head in (0, 3):
                block.mix.weight[:, 4 * head : 4 * head + 4] = 0
            block.feed[2].weight[:, ::2] = 0
    half = structured(silent, 0.5)

    torch.testing.assert_close(answers(half), answers(silent), atol=1e-5, rtol=1e-5)
    assert [(layer.in_features, layer.out_features) for layer in layers(half)] == [
        (16, 24),
        (8, 16),
        (16, 16),
        (16, 16),
    ] * 2
    assert half.config == replace(model.config, heads=2, head_width=4, feed_width=16)
    assert not torch.allclose(answers(half), answers(model), atol=1e-2)


def test_one_head_stays_however_much_is_pruned(fresh_model):
    assert structured(fresh_model(), 0.99).config.heads == 1


@pytest.mark.parametrize("name", ["sparse", "2-4"])
def test_training_after_pruning_moves_what_is_left_and_keeps_the_zeros(model, retraining, name):
    bare = settle({"sparse": lambda: magnitude(model, 0.5), "2-4": lambda: two_of_four(model)}[name]())
    trained = networks(retraining)[name](model)

    for before, after in zip(layers(bare), layers(trained), strict=True):
        assert torch.equal(before.weight == 0, after.weight == 0)
    assert not torch.equal(layers(bare)[0].weight, layers(trained)[0].weight)


def test_a_recipe_without_recovery_leaves_the_model_as_pruning_left_it(model, retraining, answers):
    kept = networks(replace(retraining, config=replace(retraining.config, recovery_epochs=0)))["half"](model)

    torch.testing.assert_close(answers(kept), answers(structured(model, 0.5)))


def test_a_pruned_model_that_was_trained_again_is_not_trained_a_third_time(model, retraining, answers):
    first = networks(retraining)["half"](model)
    seen = []
    again = networks(replace(retraining, progress=seen.append))["half"](model)

    assert seen == []
    torch.testing.assert_close(answers(again), answers(first))


def test_what_is_trained_again_meets_other_windows_and_other_random_items(model, retraining, monkeypatch):
    seeds = []
    monkeypatch.setattr(retrain, "train", lambda *given, **named: seeds.append(given[2]))

    networks(retraining)["half"](model)

    assert len(seeds) == 1
    assert seeds != [retraining.seed]
