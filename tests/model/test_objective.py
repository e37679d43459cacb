import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from model.objective import SampledSoftmax
from model.sequence import Batch, Batches, Histories, requests


@pytest.fixture
def batches(prepared, small):
    events = prepared.events
    return Batches(Histories.of(events[events["part"] == "train"]), small)


def last_requests(batches, users=5):
    """Windows that end where the newest training basket of some users begins."""
    rows = [(user, int(batches.starts_U[user][-2])) for user in range(users)]
    return batches.batch(np.array(rows), np.random.default_rng(0))


def test_training_and_serving_score_the_same_request_alike(model, batches):
    """With every item as a negative the sampled loss is the full softmax of the served logits."""
    every = torch.arange(1, model.config.catalogue + 1)
    for user in range(20):
        batch = last_requests(batches, user + 1)
        batch = Batch(*(tensor[user:] for tensor in vars(batch).values()))
        asked = int((batch.positives_BQP != 0).any(-1).sum())
        last = slice(asked - 1, asked)
        batch = Batch(
            batch.ids_BT,
            batch.days_BT,
            batch.newest_BQ[:, last],
            batch.day_BQ[:, last],
            batch.positives_BQP[:, last],
        )
        with torch.no_grad():
            loss, weight = SampledSoftmax(model)(batch, every)
            logits = model(batch.ids_BT, (batch.day_BQ - batch.days_BT).clamp(min=0))[0]
        wanted = [item for item in batch.positives_BQP.flatten().tolist() if item]
        rest = logits[[item for item in every.tolist() if item not in wanted]].logsumexp(0)
        expected = sum((torch.logaddexp(rest, logits[item]) - logits[item]).item() for item in wanted)

        # A basket of n items weighs sqrt(n).
        assert weight.item() == pytest.approx(len(wanted) ** 0.5)
        assert loss.item() == pytest.approx(expected / len(wanted) ** 0.5, rel=1e-4)


def test_without_repeats_only_what_is_not_in_the_history_competes(fresh_model, batches):
    model = fresh_model(repeats=False)
    batch = last_requests(batches, 1)
    asked = (batch.positives_BQP != 0).any(-1).sum()
    batch = replace(
        batch,
        **{
            name: getattr(batch, name)[:, asked - 1 : asked]
            for name in ("newest_BQ", "day_BQ", "positives_BQP")
        },
    )
    every = torch.arange(1, model.config.catalogue + 1)
    with torch.no_grad():
        loss, _ = SampledSoftmax(model)(batch, every)
        logits = model(batch.ids_BT, (batch.day_BQ - batch.days_BT).clamp(min=0))[0]
    wanted = [item for item in batch.positives_BQP.flatten().tolist() if item]
    known = {*wanted, *batch.ids_BT.flatten().tolist()}
    rest = logits[[item for item in every.tolist() if item not in known]].logsumexp(0)
    expected = sum((torch.logaddexp(rest, logits[item]) - logits[item]).item() for item in wanted)

    assert loss.item() == pytest.approx(expected / len(wanted) ** 0.5, rel=1e-4)


def test_a_request_sees_nothing_of_what_comes_after_it(model, batches):
    batch = last_requests(batches)
    first = batch.newest_BQ[:, :1], batch.day_BQ[:, :1], batch.positives_BQP[:, :1]
    ids, days = batch.ids_BT.clone(), batch.days_BT.clone()
    for row, newest in enumerate(first[0].flatten().tolist()):
        # The same items in another order: what is never drawn as a negative stays the same.
        ids[row, newest + 1 :] = ids[row, newest + 1 :].flip(0)
        days[row, newest + 1 :] += 0.5
    assert not torch.equal(ids, batch.ids_BT)
    objective, negatives = SampledSoftmax(model), torch.arange(1, 9)
    with torch.no_grad():
        before = objective(Batch(batch.ids_BT, batch.days_BT, *first), negatives)
        after = objective(Batch(ids, days, *first), negatives)

    torch.testing.assert_close(after, before)


def test_sampled_negatives_stand_for_the_whole_catalogue(model, batches):
    """Averaged over many draws, the estimate of the softmax's sum comes near the full one."""
    batch = last_requests(batches)
    V = model.config.catalogue
    objective = SampledSoftmax(model)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        full = objective(batch, torch.arange(1, V + 1))[0].item()
        draws = [
            objective(batch, torch.randint(1, V + 1, (4 * V,), generator=generator))[0].item()
            for _ in range(20)
        ]

    assert math.isclose(float(np.mean(draws)), full, rel_tol=0.02)


def test_a_window_holds_only_what_came_before_its_requests(batches):
    for batch in batches.epoch(seed=3):
        newest_day = batch.days_BT.gather(1, batch.newest_BQ)
        real = (batch.positives_BQP != 0).any(-1)
        assert (newest_day < batch.day_BQ)[real].all()


def test_batches_are_no_longer_than_their_longest_window(batches):
    for batch in batches.epoch(seed=3):
        assert (batch.ids_BT[:, 0] != 0).any()


def test_pooled_batches_hold_windows_of_like_length_and_every_window_once(batches):
    def lengths(pooled):
        batches.config, kept = replace(batches.config, batch_size=8, pooled_batches=pooled), batches.config
        found = [(batch.ids_BT != 0).sum(1) for batch in batches.epoch(seed=3)]
        batches.config = kept
        return found

    def padding(found):
        return sum(int((of_batch.max() - of_batch).sum()) for of_batch in found)

    apart, pooled = lengths(1), lengths(100)
    assert padding(pooled) < padding(apart) / 2
    assert sorted(torch.cat(apart).tolist()) == sorted(torch.cat(pooled).tolist())


def test_an_epoch_asks_for_every_basket_that_has_a_history(batches, small):
    windows = batches.windows(np.random.default_rng(1))
    for user, starts in enumerate(batches.starts_U):
        ends = windows[windows[:, 0] == user, 1]
        asked = {
            int(begin) for end in ends for begin in starts[:-1] if end - small.model.context < begin <= end
        }

        assert asked == {int(begin) for begin in starts[:-1]}


def test_held_out_requests_know_all_that_came_before_and_nothing_else(prepared):
    events = prepared.events
    for part in ("validation", "test"):
        for request in requests(events, part, 10_000):
            mine = events[events["user_index"] == request.user]
            before = mine[(mine["day"] < request.day) & (mine["item_index"] != 0)]
            assert request.history_ids.tolist() == before["item_index"].tolist()
            assert (request.history_ages > 0).all()
