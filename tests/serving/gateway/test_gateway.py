"""What callers get, from a gateway in this process around a tiny release's own graphs."""

import asyncio
import itertools
import json
import time

import numpy as np
import pandas as pd
import pytest

from serving.catalogue import Catalogue
from tests.releases import CATALOGUE, MAX_HISTORY, tiny_release

ITEM = "900001"
PEOPLE = [f"household-{number}" for number in range(1, 9)]


@pytest.fixture(scope="module")
def catalogue(release):
    return Catalogue.load(release.folder)


def ids(answer):
    return [item["item_id"] for item in answer["items"]]


def records(shop):
    (file,) = (shop.service.config.state / "audit").iterdir()
    return [json.loads(line) for line in file.read_text().splitlines()]


def test_a_user_gets_what_the_graph_ranks_first_for_their_history(in_shop, catalogue):
    async def story(shop):
        answer = await shop.recommend(k=5)

        (model, inputs), *_ = shop.tritons.asked
        history = catalogue.history("household-1", catalogue.newest_event())
        assert model == "recommend"
        assert inputs["history_ids"][0][-len(history.ids) :].tolist() == history.ids.tolist()
        # The recording ends when the gateway began, moments ago.
        np.testing.assert_allclose(inputs["history_ages"][0][-len(history.ids) :], history.ages, atol=0.01)
        assert answer["history_events"] == len(history.ids)
        assert (answer["fallback"], answer["fallback_reason"], answer["cached"]) == (False, None, False)
        assert answer["model"] == catalogue.digest
        scores = [item["score"] for item in answer["items"]]
        assert len(scores) == 5
        assert scores == sorted(scores, reverse=True)
        first = catalogue.item(catalogue.index_of(answer["items"][0]["item_id"]))
        assert answer["items"][0]["title"] == first.title
        assert answer["items"][0]["price"] == first.price
        assert 0 < answer["latency_ms"] < 20_000

    in_shop(story)


def test_the_chance_of_an_item_comes_with_its_name_and_price(in_shop):
    async def story(shop):
        answer = (await shop.ask.get("/predict", params={"user_id": "household-1", "item_id": ITEM})).json()

        assert 0 < answer["probability"] < 1
        assert answer["item"]["title"] == "Thing 1"
        assert not answer["fallback"]

    in_shop(story)


@pytest.mark.parametrize("event", ["view", "click", "cart", "purchase"])
def test_an_event_changes_the_users_next_answer_and_nobody_elses(in_shop, event):
    async def story(shop):
        before, other = await shop.recommend(k=50), await shop.recommend("household-2", k=50)
        for _ in range(3):
            await shop.happened(event, ITEM)
        after = await shop.recommend(k=50)

        assert after["history_events"] == before["history_events"] + 3
        assert not after["cached"]
        assert [item["score"] for item in after["items"]] != [item["score"] for item in before["items"]]
        assert ids(await shop.recommend("household-2", k=50)) == ids(other)

    in_shop(story)


def test_the_same_question_is_answered_from_the_cache_until_something_happens(in_shop):
    async def story(shop):
        first, second = await shop.recommend(), await shop.recommend()
        asked = len(shop.tritons.asked)

        assert (first["cached"], second["cached"]) == (False, True)
        assert ids(first) == ids(second)
        assert not (await shop.recommend(k=9))["cached"]
        await shop.happened("view", ITEM)
        assert not (await shop.recommend())["cached"]
        assert len(shop.tritons.asked) == asked + 2

    in_shop(story)


def test_somebody_unknown_gets_what_sells_most_and_is_told(in_shop, catalogue):
    async def story(shop):
        answer = await shop.recommend("nobody", k=5)

        assert ids(answer) == [item.item_id for item in catalogue.popular(5)]
        assert (answer["fallback"], answer["fallback_reason"]) == (True, "no-history")
        assert answer["history_events"] == 0
        assert all(item["score"] is None for item in answer["items"])
        await shop.happened("purchase", ITEM, "nobody")
        assert not (await shop.recommend("nobody"))["fallback"]

    in_shop(story)


def test_a_low_rating_keeps_an_item_away_until_it_is_wanted_again(in_shop):
    async def story(shop):
        best = ids(await shop.recommend(k=3))[0]
        await shop.happened("rating", best, value=1)
        assert best not in ids(await shop.recommend(k=49))
        await shop.happened("purchase", best)
        assert best in ids(await shop.recommend(k=50))

    in_shop(story)


def test_items_of_the_history_can_be_left_out(in_shop, catalogue):
    async def story(shop):
        seen = catalogue.history("household-1", catalogue.newest_event()).ids
        bought = {catalogue.item(int(index)).item_id for index in seen}

        assert not bought & set(ids(await shop.recommend(k=3, exclude_seen=True)))

    in_shop(story)


def test_no_list_is_filled_with_what_is_left_out(in_shop, catalogue):
    async def story(shop):
        seen = [catalogue.item(index).item_id for index in catalogue.items.index[:15].tolist()]
        for item_id in seen:
            await shop.happened("cart", item_id, user="newcomer")

        answer = await shop.recommend("newcomer", k=50, exclude_seen=True)

        assert not answer["fallback"]
        assert len(ids(answer)) == 50 - len(seen)
        assert not set(seen) & set(ids(answer))

    in_shop(story)


def test_the_same_event_sent_twice_is_recorded_once(in_shop):
    async def story(shop):
        first = await shop.happened("cart", ITEM, event_id="e-1")
        second = await shop.happened("cart", ITEM, event_id="e-1")

        assert (first["recorded"], second["recorded"], second["history_version"]) == (True, False, None)

    in_shop(story)


def test_reasons_are_what_the_chance_loses_without_a_part_of_the_history(in_shop, catalogue):
    async def story(shop):
        item = (await shop.recommend(k=1, explain=True))["items"][0]

        weights = [abs(reason["weight"]) for reason in item["reasons"]]
        assert 1 <= len(weights) <= 3
        assert weights == sorted(weights, reverse=True)
        seen = {
            catalogue.item(int(index)).item_id
            for index in catalogue.history("household-1", catalogue.newest_event()).ids
        }
        assert {reason["item_id"] for reason in item["reasons"] if reason["kind"] == "item"} <= seen
        # Each weight is what two plain requests would have told.
        (model, inputs) = shop.tritons.asked[-1]
        chances = (await shop.tritons.infer(model, inputs, 1)).outputs["probabilities"][:, 0].astype(float)
        logits = np.log(chances / (1 - chances))
        losses = sorted(np.abs(logits[0] - logits[1:]), reverse=True)
        np.testing.assert_allclose(weights, losses[: len(weights)], atol=1e-3)

    in_shop(story)


@pytest.mark.parametrize(
    ("path", "status", "detail"),
    [
        ("/recommend", 422, "query user_id: Field required"),
        ("/recommend?user_id=u&k=0", 422, "query k is '0': Input should be greater than or equal to 1"),
        ("/recommend?user_id=u&k=101", 422, "query k is '101': Input should be less than or equal to 100"),
        ("/recommend?user_id=u&k=ten", 422, "query k is 'ten': Input should be a valid integer"),
        ("/recommend?user_id=", 422, "query user_id is '': String should have at least 1 character"),
        ("/predict?user_id=u&item_id=none", 404, "item none is not in the release's catalogue"),
        ("/no/such/path", 404, "Not Found"),
    ],
)
def test_a_wrong_request_is_a_problem_of_one_line(in_shop, path, status, detail):
    async def story(shop):
        answer = await shop.ask.get(path)

        problem = answer.json()
        assert answer.status_code == problem["status"] == status
        assert answer.headers["content-type"] == "application/problem+json"
        assert problem["detail"].startswith(detail)
        assert "\n" not in problem["detail"]

    in_shop(story)


@pytest.mark.parametrize(
    ("change", "status", "detail"),
    [
        ({"event": "steal"}, 422, "body event is 'steal': Input should be 'view', 'click'"),
        ({"item_id": "none"}, 404, "item none is not in"),
        ({"event": "rating"}, 422, "body: value is None with event rating; a rating has stars"),
        ({"value": 3}, 422, "body: value is 3.0 with event view; a rating has stars"),
        ({"event": "rating", "value": 6}, 422, "body value is '6': Input should be less than or equal to 5"),
        ({"timestamp": "2999-01-01T00:00:00Z"}, 422, "timestamp is 2999-01-01T00:00:00+00:00, in the future"),
        (
            {"timestamp": "2026-01-01T00:00:00"},
            422,
            "body timestamp is '2026-01-01T00:00:00': Input should have",
        ),
        ({"usr": 1}, 422, "body usr is '1': Extra inputs are not permitted"),
        ({"user_id": 7}, 422, "body user_id is '7': Input should be a valid string"),
    ],
)
def test_a_wrong_event_is_a_problem_and_changes_nothing(in_shop, change, status, detail):
    async def story(shop):
        before = await shop.recommend()
        body = {"user_id": "household-1", "item_id": ITEM, "event": "view", **change}
        answer = await shop.ask.post("/events", json=body)

        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
        assert answer.json()["detail"].startswith(detail)
        assert (await shop.recommend())["history_events"] == before["history_events"]

    in_shop(story)


def test_a_body_that_is_no_json_is_a_problem(in_shop):
    async def story(shop):
        answer = await shop.ask.post("/events", content=b"{", headers={"content-type": "application/json"})

        assert answer.status_code == 422
        assert answer.json()["detail"].startswith("body 1: JSON decode error")

    in_shop(story)


def test_without_triton_a_user_gets_what_sells_in_their_categories(in_shop, catalogue, release):
    async def story(shop):
        shop.tritons.gone = True
        answer = await shop.recommend("household-8", k=10)
        predicted = await shop.ask.get("/predict", params={"user_id": "household-8", "item_id": ITEM})

        assert (answer["fallback"], answer["fallback_reason"]) == (True, "triton")
        seen = catalogue.history("household-8", catalogue.newest_event()).ids[-MAX_HISTORY:]
        items = pd.read_parquet(release.file("items.parquet"))
        shelves = items.loc[seen, "category"].str.split(" > ").str[:2].str.join(" > ")
        share = shelves.value_counts(normalize=True)
        own = items["category"].str.split(" > ").str[:2].str.join(" > ").map(share).fillna(0) + 0.001
        expected = (items["sales"] * own).sort_values(ascending=False, kind="stable").index[:10]
        assert ids(answer) == [items.loc[index, "item_id"] for index in expected]
        assert predicted.status_code == 200
        assert (predicted.json()["probability"], predicted.json()["fallback"]) == (None, True)

    in_shop(story)


def test_a_model_that_is_too_late_is_not_waited_for_and_comes_back(in_shop):
    async def story(shop):
        shop.tritons.delay = 5
        start = time.monotonic()
        late = await shop.recommend()
        seconds = time.monotonic() - start
        shop.tritons.delay = 0

        assert late["fallback_reason"] == "deadline"
        assert seconds < 5
        assert not (await shop.recommend())["fallback"]

    in_shop(story, deadline_seconds=1.0)


def test_a_new_release_of_the_same_shop_answers_at_once_and_no_old_answer_is_repeated(
    in_shop, tmp_path, release
):
    async def story(shop):
        await shop.recommend()
        again = tiny_release(tmp_path / "again")
        (again.folder / "manifest.json").write_text(
            (again.folder / "manifest.json").read_text().replace('"recipe": "tiny"', '"recipe": "other"')
        )
        from model.artifact import Artifact

        new = Artifact.load(again.folder)
        place = tmp_path / "release"
        place.unlink()
        place.symlink_to(new.folder)
        shop.tritons.serve(new, version=2)

        answers = [await shop.recommend(k=k) for k in (7, 10)]

        assert new.digest != release.digest
        assert [answer["model"] for answer in answers] == [new.digest] * 2
        assert not any(answer["fallback"] or answer["cached"] for answer in answers)

    in_shop(story)


def test_servers_may_number_one_release_differently(in_shop, monkeypatch):
    async def story(shop):
        numbers = itertools.cycle([7, 3])

        async def config(model, seconds, ask=shop.tritons.config):
            shop.tritons.version = next(numbers)
            return await ask(model, seconds)

        monkeypatch.setattr(shop.tritons, "config", config)
        answers = []
        for k, version in ((5, 3), (6, 7), (7, 3)):
            shop.tritons.version = version
            answers.append(await shop.recommend(k=k))

        assert not any(answer["fallback"] for answer in answers)

    in_shop(story)


def test_a_release_with_other_items_is_never_read_with_the_old_names(in_shop, tmp_path, release):
    async def story(shop):
        other = tiny_release(tmp_path / "other", seed=1)
        shop.tritons.serve(other, version=2)
        lost = await shop.recommend()
        place = tmp_path / "release"
        place.unlink()
        place.symlink_to(other.folder)
        await shop.service.releases.refresh()
        found = await shop.recommend()

        assert (lost["fallback_reason"], lost["model"]) == ("triton", release.digest)
        assert (found["fallback"], found["model"]) == (False, other.digest)

    in_shop(story)


def test_every_decision_leaves_one_record_and_none_names_the_user(in_shop, release):
    async def story(shop):
        headers = {"x-rialto-subject": "shop-frontend"}
        await shop.ask.get("/recommend", params={"user_id": "household-3", "k": 2}, headers=headers)
        await shop.ask.get("/recommend", params={"user_id": "household-3", "k": 2}, headers=headers)
        await shop.ask.get("/predict", params={"user_id": "nobody", "item_id": ITEM})
        first, second, third = records(shop)

        assert first["event"] == "recommend"
        assert first["subject"] == "shop-frontend"
        assert first["model"] == release.digest
        assert len(first["answer"]) == 2
        assert (first["inputs"], first["answer"]) == (second["inputs"], second["answer"])
        assert (first["fallback"], third["fallback"]) == (None, "no-history")
        assert third["inputs"] != first["inputs"]
        assert not any("household" in json.dumps(record) for record in (first, second, third))

    in_shop(story)


def test_no_user_item_or_query_reaches_triton_or_the_metrics(in_shop):
    async def story(shop):
        for user in PEOPLE:
            await shop.recommend(user)
        await shop.ask.get("/household-1/made-up")
        metrics = (await shop.ask.get("/metrics")).text

        assert 'rialto_gateway_requests_total{route="/recommend",status="200"} 8.0' in metrics
        assert "household" not in metrics
        assert not any("household" in repr(asked) for asked in shop.tritons.asked)

    in_shop(story)


def test_empty_answers_and_the_newest_event_stand_in_the_metrics(in_shop):
    async def story(shop):
        def figure(name):
            return next(
                float(line.rpartition(" ")[2]) for line in metrics.splitlines() if line.startswith(name)
            )

        metrics = (await shop.ask.get("/metrics")).text
        began = figure("rialto_gateway_event_timestamp_seconds")
        assert figure('rialto_gateway_empty_answers_total{route="search"}') == 0

        assert (await shop.ask.get("/search", params={"q": "zzzqqq"})).json()["items"] == []
        await shop.recommend(k=2)
        await shop.happened("view", "900001")
        metrics = (await shop.ask.get("/metrics")).text

        assert figure('rialto_gateway_empty_answers_total{route="search"}') == 1
        assert figure('rialto_gateway_empty_answers_total{route="recommend"}') == 0
        assert figure("rialto_gateway_event_timestamp_seconds") > began
        assert figure('rialto_gateway_checked_timestamp_seconds{part="histories"}') >= began - 60
        newest = shop.service.releases.current.catalogue.newest_event().timestamp()
        assert figure("rialto_gateway_release_data_timestamp_seconds") == newest

    in_shop(story)


def test_an_error_of_ours_is_a_problem_without_a_stack_trace(in_shop, monkeypatch):
    async def story(shop):
        def broken(user_id):
            raise KeyError("a secret")

        monkeypatch.setattr(shop.service.pseudonyms, "of", broken)
        answer = await shop.ask.get("/recommend", params={"user_id": "u"})

        assert answer.status_code == 500
        assert answer.json()["detail"] == "the gateway failed at this request; its log says why"
        assert "secret" not in answer.text

    in_shop(story)


def test_the_openapi_names_every_route_and_field_with_an_example(in_shop):
    async def story(shop):
        schema = (await shop.ask.get("/openapi.json")).json()

        assert {"/recommend", "/predict", "/search", "/events"} <= set(schema["paths"])
        for path in schema["paths"].values():
            for operation in path.values():
                assert operation["summary"]
                problem = operation["responses"]["422"]["content"]
                assert list(problem) == ["application/problem+json"]
        recommended = schema["components"]["schemas"]["RecommendAnswer"]["properties"]
        assert "Milliseconds" in recommended["latency_ms"]["description"]
        assert recommended["latency_ms"]["examples"]

    in_shop(story)


def test_health_says_what_is_away_and_stays_ready(in_shop):
    async def story(shop):
        await asyncio.sleep(0)
        answer = await shop.ask.get("/healthz")

        assert (answer.status_code, answer.json()["ready"]) == (200, True)
        assert (await shop.ask.get("/healthz/live")).json() == {"live": True}

    in_shop(story)


def test_more_items_than_there_are_is_all_of_them(in_shop):
    async def story(shop):
        assert len(ids(await shop.recommend(k=100))) == CATALOGUE

    in_shop(story)


async def found(shop, q, **more):
    answer = await shop.ask.get("/search", params={"q": q, **more})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_search_finds_by_words_and_ranks_by_the_users_own_chances(in_shop, catalogue):
    async def story(shop):
        answer = await found(shop, "grocery thing", user_id="household-8", k=5)

        (model, inputs) = shop.tritons.asked[-1]
        chances = (await shop.tritons.infer(model, inputs, 1)).outputs["probabilities"][0]
        candidates = inputs["candidate_ids"][0]
        best = candidates[np.argsort(-chances, kind="stable")][:5]
        assert set(candidates.tolist()) >= set(catalogue.items.index.tolist())
        assert ids(answer) == [catalogue.item(int(index)).item_id for index in best]
        np.testing.assert_allclose(
            [item["probability"] for item in answer["items"]], np.sort(chances)[:-6:-1]
        )
        assert (answer["matched"], answer["fallback"], answer["corrected_query"]) == (
            "all-words",
            False,
            None,
        )

    in_shop(story)


def test_beside_the_results_lies_what_else_is_on_their_shelves(in_shop):
    async def story(shop):
        answer = await found(shop, "things 7", user_id="household-8")

        assert len(ids(answer)) < CATALOGUE
        assert len(answer["related"]) == 8
        assert not {item["item_id"] for item in answer["related"]} & set(ids(answer))

    in_shop(story)


def test_what_a_user_does_changes_their_search(in_shop):
    async def story(shop):
        before = await found(shop, "thing", user_id="household-1", k=50)
        for _ in range(5):
            await shop.happened("purchase", ITEM)
        after = await found(shop, "thing", user_id="household-1", k=50)

        assert not after["cached"]
        assert set(ids(after)) == set(ids(before))
        assert ids(after) != ids(before)

    in_shop(story)


def test_a_search_that_finds_nothing_says_so_and_shows_what_the_user_may_want(in_shop):
    async def story(shop):
        answer = await found(shop, "xyzzy", user_id="household-1")
        wanted = await shop.recommend(k=8)

        assert (answer["matched"], answer["items"]) == ("nothing", [])
        assert [item["item_id"] for item in answer["related"]] == ids(wanted)

    in_shop(story)


@pytest.mark.parametrize("gone", [True, False])
def test_without_triton_or_without_a_user_words_and_sales_rank(in_shop, gone):
    async def story(shop):
        shop.tritons.gone = gone
        user = {"user_id": "household-1"} if gone else {}
        answer = await found(shop, "thing kind 2", k=3, **user)

        assert answer["fallback_reason"] == ("triton" if gone else "no-history")
        assert len(answer["items"]) == 3
        assert all(item["probability"] is None for item in answer["items"])
        assert answer["related"]

    in_shop(story)


@pytest.mark.parametrize(
    ("q", "detail"), [("", "at least 1 character"), ("x" * 201, "at most 200 characters")]
)
def test_a_query_of_no_or_too_many_letters_is_a_problem(in_shop, q, detail):
    async def story(shop):
        answer = await shop.ask.get("/search", params={"q": q})

        assert answer.status_code == 422
        assert detail in answer.json()["detail"]

    in_shop(story)
