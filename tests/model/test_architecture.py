from dataclasses import replace

import pytest
import torch

from model.architecture import Recommender, basket_starts
from model.config import ATTRIBUTES
from model.signature import MASKED
from model.tags import ItemTags, ItemTexts


def history(length=6, catalogue=40):
    ids = torch.arange(1, length + 1).repeat(2, 1) % 4 + 1
    ids[1] = torch.arange(length) % catalogue + 1
    ages = torch.arange(length, 0, -1).float().repeat(2, 1)
    return ids, ages


def test_padding_in_front_changes_no_logit(model):
    ids, ages = history()
    front = torch.zeros(2, 30)

    with torch.no_grad():
        padded = model(torch.cat([front.long(), ids], 1), torch.cat([front, ages], 1))
        torch.testing.assert_close(padded, model(ids, ages), atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("collaborative", [False, True])
@pytest.mark.parametrize("repeats", [False, True])
def test_a_candidate_gets_the_logit_that_the_whole_catalogue_gives_it(
    fresh_model, with_collaborative_part, collaborative, repeats
):
    model = fresh_model(repeats=repeats)
    if collaborative:
        model = with_collaborative_part(model)
    ids, ages = history()
    candidates = torch.tensor([[1, 2, 9], [30, 1, 1]])

    with torch.no_grad():
        chosen = model.candidate_logits(ids, ages, candidates, model.table())
        torch.testing.assert_close(chosen, model(ids, ages).gather(1, candidates), atol=1e-4, rtol=1e-4)


def test_without_a_history_the_logits_are_the_item_biases(model):
    with torch.no_grad():
        logits = model(torch.zeros(1, 1, dtype=torch.int64), torch.zeros(1, 1))

    torch.testing.assert_close(logits[0, 1:], model.bias.detach()[1:])


def test_a_model_without_times_sees_their_order_alone(fresh_model):
    ids, ages = history()
    with torch.no_grad():
        for times in (False, True):
            model = fresh_model(repeats=False, times=times)
            assert torch.equal(model(ids, ages), model(ids, 3 * ages)) is not times


def test_padding_is_never_worth_recommending(model):
    with torch.no_grad():
        assert (model(*history())[:, 0] == MASKED).all()


def test_only_what_was_bought_gets_a_personal_logit(model):
    ids, ages = history()
    with torch.no_grad():
        before = model(ids, ages)
        model.frequency.bias += 5.0
        moved = (model(ids, ages) - before).abs() > 1.0

    assert set(moved[0].nonzero().flatten().tolist()) == set(ids[0].tolist())


def test_baskets_are_counted_once_each_with_or_without_padding():
    days = torch.tensor([[0.0, 0.0, 3.0, 3.0, 3.0, 8.0]])
    known = torch.tensor([[False, True, True, True, True, True]])

    assert basket_starts(days, known).tolist() == [[0, 1, 1, 0, 0, 1]]


def test_a_model_without_repeats_has_no_personal_part(fresh_model):
    model = fresh_model(repeats=False)
    assert not [name for name, _ in model.named_parameters() if "personal" in name or "repeat" in name]


def test_an_item_by_its_id_alone_is_the_same_whatever_is_known_of_it(prepared):
    tags = ItemTags.of(prepared, attributes=())
    assert tags.size == 1
    assert not tags.codes.any()


def test_what_is_left_out_of_the_attributes_is_no_part_of_an_items_vector(prepared):
    whole, without = (ItemTags.of(prepared, chosen) for chosen in (ATTRIBUTES, ("category", "price")))

    assert 0 < without.codes.shape[1] < whole.codes.shape[1]
    assert without.size < whole.size


@pytest.fixture
def reader(prepared, small):
    """A model of the small shop, in which odd items have one text and even ones another."""
    torch.manual_seed(0)
    config = replace(small.model, text=True, init_std=0.5)
    rows = torch.arange(config.catalogue + 1) % 2
    return Recommender(config, ItemTags.of(prepared, (), ItemTexts(torch.eye(2, 8), rows)))


def test_items_of_one_text_differ_by_their_ids_alone(reader):
    ids = torch.tensor([1, 3, 2])
    kinds = reader.item_vectors(ids) - reader.item(ids)

    torch.testing.assert_close(kinds[0], kinds[1])
    assert not torch.allclose(kinds[0], kinds[2])


def test_an_encoder_in_training_may_say_what_the_texts_vectors_are(reader):
    ids = torch.tensor([1, 3, 2])

    own = reader.texts_UW[reader.text_V[ids]].float()
    torch.testing.assert_close(reader.item_vectors(ids, own), reader.item_vectors(ids))
    assert not torch.allclose(reader.item_vectors(ids, 2 * own), reader.item_vectors(ids))
