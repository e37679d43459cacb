from dataclasses import replace

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from model.architecture import Recommender
from model.compress.distill import TEACHERS_SHARE, Distillation, student
from model.compress.network import ALONE, STUDENT, networks
from model.compress.retrain import Retraining
from model.config import ModelConfig
from model.objective import SampledSoftmax
from model.sequence import Batches, Histories
from model.tags import ItemTags


@pytest.fixture
def batch(prepared, small):
    events = prepared.events[prepared.events["part"] == "train"]
    return next(Batches(Histories.of(events), small).epoch(0, 0, 1))


@pytest.fixture
def negatives(small):
    return torch.randint(1, small.model.catalogue + 1, (32,), generator=torch.Generator().manual_seed(0))


def encoder_flops(config):
    model = Recommender(config, ItemTags(torch.zeros(6, 1, dtype=torch.int64), 1, torch.zeros(6)))
    ids = torch.ones(1, config.context, dtype=torch.int64)
    with FlopCounterMode(display=False) as counter:
        model.encode(model.item_vectors(ids), ids, torch.zeros(1, config.context))
    return counter.get_total_flops()


@pytest.mark.parametrize("teacher", [ModelConfig(catalogue=5), ModelConfig(catalogue=5, width=128, heads=4)])
def test_the_students_encoder_takes_a_quarter_of_the_teachers_work_or_less(teacher):
    assert encoder_flops(student(teacher)) <= encoder_flops(teacher) / 4


def test_a_width_that_cannot_be_halved_is_refused():
    with pytest.raises(
        ValueError, match="width is 6, half of which 2 heads cannot share; choose a multiple of 4"
    ):
        student(ModelConfig(width=6, heads=4))


def test_a_student_that_answers_as_its_teacher_has_only_the_usual_loss(model, batch, negatives):
    usual, weight = SampledSoftmax(model)(batch, negatives)
    both, same_weight = Distillation(model, model)(batch, negatives)

    torch.testing.assert_close(both, (1 - TEACHERS_SHARE) * usual)
    assert torch.equal(weight, same_weight)


def test_the_farther_from_its_teacher_the_more_a_student_loses(model, fresh_model, batch, negatives):
    other = fresh_model()
    with torch.no_grad():
        other.norm.weight.mul_(-1.0)
    usual, _ = SampledSoftmax(other)(batch, negatives)
    both, _ = Distillation(other, model)(batch, negatives)

    assert both > (1 - TEACHERS_SHARE) * usual + 1


def test_a_lesson_leaves_the_teacher_as_it_was(model, fresh_model, batch, negatives):
    learner = fresh_model(heads=1)
    loss, _ = Distillation(learner, model)(batch, negatives)
    loss.backward()

    assert learner.item.weight.grad is not None
    assert all(parameter.grad is None and parameter.requires_grad for parameter in model.parameters())


def test_a_student_comes_nearer_to_its_teacher_than_one_that_learns_alone(
    prepared, small, model, batch, negatives, tmp_path
):
    config = replace(small, epochs=4)
    retraining = Retraining(prepared=prepared, config=config, seed=0, exclude_seen=False, folder=tmp_path)
    made = networks(retraining)
    taught, alone = (made[name](model) for name in (STUDENT, ALONE))

    assert taught.config == alone.config == student(model.config)
    assert distance(taught, model, batch, negatives) < distance(alone, model, batch, negatives)


def distance(learner, teacher, batch, negatives):
    """How far apart their answers are: what distillation adds to half of the usual loss."""
    with torch.no_grad():
        both, weight = Distillation(learner, teacher)(batch, negatives)
        usual, _ = SampledSoftmax(learner)(batch, negatives)
    return float((both - (1 - TEACHERS_SHARE) * usual) / weight)
