"""More than the model, or the gateway itself, can answer in time."""

import asyncio


def test_what_is_more_than_the_model_can_take_gets_what_sells_at_once(in_shop):
    async def story(shop):
        shop.service.decider.model_calls.value = 2
        shop.tritons.delay = 0.5

        answers = await asyncio.gather(*(shop.recommend(k=k) for k in range(1, 7)))

        assert [answer["fallback_reason"] for answer in answers] == [None, None, *["busy"] * 4]

    in_shop(story)


def test_a_triton_that_is_late_gets_less_and_soon_as_much_again(in_shop):
    async def story(shop):
        limit = shop.service.decider.model_calls
        before = limit.value
        shop.tritons.delay = 1.0
        assert (await shop.recommend(k=3))["fallback_reason"] == "deadline"
        assert limit.value < before

        shop.tritons.delay = 0.0
        lower = limit.value
        await shop.recommend(k=3)
        assert limit.value > lower

    in_shop(story, deadline_seconds=0.2)


def test_whoever_comes_when_too_many_are_there_is_told_when_to_come_again(in_shop):
    async def story(shop):
        shop.tritons.delay = 0.5
        asked = [shop.ask.get("/recommend", params={"user_id": "household-1"}) for _ in range(300)]

        answers = await asyncio.gather(*asked, shop.ask.get("/healthz"))

        refused = [answer for answer in answers if answer.status_code == 503]
        assert len(refused) == 300 - 256
        assert {answer.headers["retry-after"] for answer in refused} == {"1"}
        assert refused[0].json()["detail"].endswith("come again")
        assert answers[-1].status_code == 200
        counted = (await shop.ask.get("/metrics")).text
        assert 'rialto_gateway_requests_total{route="/recommend",status="503"} 44.0' in counted
        assert (await shop.recommend())["user_id"] == "household-1"

    in_shop(story)
